// SPDX-License-Identifier: Apache-2.0
// How an image was built: an in-toto statement (v1) with SLSA provenance v1. Not signed here: `image sign` is for those who answer for it.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { PRODUCT_VERSION } from '../../version.ts';
import type { Artifact } from '../images/artifacts/document.ts';
import { IN_TOTO } from '../images/provenance.ts';
import type { ImageRecord } from '../images/records.ts';
import { PROXIES } from './scope.ts';
import type { BuildRequest } from './types.ts';

const PREDICATE = 'https://slsa.dev/provenance/v1';
/** What the parameters below mean: docs/build.md. */
const BUILD_TYPE = 'urn:secure:build:dockerfile:v1';
const BUILDER = 'urn:secure:builder:image-build';

export interface Materials {
  /** By the name in the file. */
  readonly images: ReadonlyMap<string, ImageRecord>;
  /** SHA-256 in hex by address. */
  readonly downloads: ReadonlyMap<string, string>;
}

export interface Times {
  /** RFC 3339. */
  readonly started: string;
  readonly finished: string;
}

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** in-toto's form of a digest. */
function digestSet(digest: string): Record<string, string> {
  const [algorithm = '', hex = ''] = digest.split(':');
  return { [algorithm]: hex };
}

function dependencies({ images, downloads }: Materials): object[] {
  const found = sorted(images).map(([name, { reference, digest }]) => {
    return { uri: `docker://${reference}`, digest: digestSet(digest), name };
  });
  return [...found, ...sorted(downloads).map(([uri, sha256]) => ({ uri, digest: { sha256 } }))];
}

/**
 * The statement about an image, as JSON. Pure. Secrets and agents are named, never shown; values of proxies may hold passwords and are left out.
 * @param times undefined: the build has a time of its own (SOURCE_DATE_EPOCH), and equal builds are told equally
 */
export function provenance(
  request: BuildRequest,
  names: readonly string[],
  digest: string,
  materials: Materials,
  times: Times | undefined,
): string {
  const { file, args, labels, target, secrets, ssh, network, policy, platform, epoch } = request;
  const given = new Map([...args].filter(([name]) => !PROXIES.includes(name)));
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: names.map((name) => ({ name, digest: digestSet(digest) })),
    predicateType: PREDICATE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: {
          // Where it lay on this machine is nobody's business.
          dockerfile: {
            name: basename(file.name),
            digest: { sha256: createHash('sha256').update(file.text).digest('hex') },
          },
          ...(target === undefined ? {} : { target }),
          arguments: Object.fromEntries(sorted(given)),
          labels: Object.fromEntries(sorted(labels)),
          secrets: secrets.map(({ id }) => id),
          ssh: [...ssh.keys()],
          network: network ?? 'default',
          platform: `${platform.os}/${platform.architecture}`,
          ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
        },
        internalParameters: { policy: policy.name, cache: request.cache },
        resolvedDependencies: dependencies(materials),
      },
      runDetails: {
        builder: { id: BUILDER, version: { secure: PRODUCT_VERSION } },
        ...(times === undefined ? {} : { metadata: { startedOn: times.started, finishedOn: times.finished } }),
      },
    },
  });
}

/** The statement as an artifact that belongs to the image. */
export function provenanceArtifact(subject: Artifact['subject'], text: string): Artifact {
  const annotations = { 'in-toto.io/predicate-type': PREDICATE };
  return {
    artifactType: IN_TOTO,
    subject,
    layers: [{ mediaType: IN_TOTO, data: Buffer.from(text), annotations }],
    annotations,
  };
}
