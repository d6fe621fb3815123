// SPDX-License-Identifier: Apache-2.0
import { LOOPBACK } from '../../loopback.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const insecure = (registry: string) => ({
  podman: { installed: true, insecure: [{ registry, file: '/etc/containers/registries.conf' }] },
});

export default {
  id: 'SEC-HOST-0083',
  title: 'Podman, CRI-O and containerd talk to no registry without TLS',
  severity: 'high',
  target: 'host',
  frameworks: ['NIST-800-190:4.2.1'],
  rationale: 'Whoever is on the way to such a registry replaces images and reads credentials.',
  remediation:
    "Give the registry a certificate, put its CA into /etc/containers/certs.d/HOST:PORT/ca.crt (containerd: 'ca' in its hosts.toml), and remove 'insecure' or 'skip_verify' from the file that is named.",
  references: [
    'https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md',
    'https://github.com/containerd/containerd/blob/main/docs/hosts.md',
  ],
  examples: [{ good: insecure('127.0.0.1:5000'), bad: insecure('registry.example:5000') }],
  check({ podman, rootless: { users }, files }) {
    const theirs = users.flatMap(({ name, podman: own }) =>
      own === null ? [] : [{ facts: own, suffix: ` ~${name}` }],
    );
    const all = [{ facts: podman, suffix: '' }, ...theirs];
    const found = all.flatMap(({ facts, suffix }) =>
      facts.insecure
        .filter(({ registry }) => !LOOPBACK.test(registry.split('/')[0] ?? ''))
        .map(({ registry, file }) =>
          problem(
            `${registry}${suffix}`,
            `${quoted(registry)} is asked without TLS, or its certificate is not looked at`,
            fileLocation(file),
          ),
        ),
    );
    if (found.length > 0) return verdict(found);
    const why = all.find(({ facts }) => facts.problem !== null)?.facts.problem;
    if (why != null) return unknown(why);
    return podman.installed || theirs.length > 0 || files['/usr/bin/containerd'] != null
      ? verdict([])
      : notApplicable('none of them is installed');
  },
} satisfies HostCheck;
