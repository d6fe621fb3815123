// SPDX-License-Identifier: Apache-2.0
// What `secure policy init` writes.

/** A policy that does something from its first day, and shows how the rest is said. */
export const START = `# What may be built and run, and how: secure policy validate, test and review read this file.
# yaml-language-server: $schema=https://secure.dev/schemas/policy.schema.json
apiVersion: secure/v1
kind: Policy
metadata: { name: example, version: 0.1.0 }

# Everything of this one holds as well: baseline, default or strict, or files: [strict, ./team.yaml].
extends: [default]

# What every container gets. A run may ask for less, never for more.
run:
  memory: 1Gi

# Values that a policy which extends this one may set, within their bounds:  with: { registries: [docker.io] }
parameters:
  registries:
    default: [docker.io, localhost]
    allowed: [docker.io, localhost]

# What must be true of an image, a build file (target: dockerfile) or a whole container (target: plan).
# What they look like: schemas/inputs. The language is CEL.
rules:
  - id: no-latest
    target: image
    severity: high
    require: "image.ref().tag != 'latest' || image.origin == 'built'"
    message: "pin {{ image.ref().name }} to a version"
  - id: known-registry
    target: image
    severity: high
    require: "image.ref().registry in params.registries"
    message: "{{ image.ref().registry }} is not one of {{ params.registries.join(', ') }}"
  - id: own-user
    target: dockerfile
    severity: medium
    enforcement: warn
    require: "dockerfile.user != '' && dockerfile.user != 'root' && dockerfile.user != '0'"
    message: "the image runs as root: end the file with USER"

# Each has somebody who answers for it, a reason, and a day on which it ends.
# exceptions:
#   - rule: no-latest
#     match: "docker.io/library/busybox"
#     owner: platform@example.org
#     reason: "only in the nightly job, which pins nothing"
#     expires: 2027-01-31

tests:
  - name: a tag that moves is refused
    input: { image: { reference: "docker.io/library/nginx:latest", origin: pulled } }
    expect: { deny: [no-latest] }
  - name: a version of a known registry is fine
    input: { image: { reference: "docker.io/library/nginx:1.27", origin: pulled } }
    expect: {}
  - name: other registries are refused
    input: { image: { reference: "registry.example/app:1", origin: pulled } }
    expect: { deny: [known-registry] }
  - name: a build file without USER is spoken of
    input: { dockerfile: { name: Dockerfile } }
    expect: { warn: [own-user] }
  - name: one with a user is not
    input: { dockerfile: { name: Dockerfile, user: app } }
    expect: {}
`;
