// SPDX-License-Identifier: Apache-2.0
// A policy into a registry, as an artifact that others extend by its digest.
import { SecureError } from '../errors.ts';
import { readPolicy } from '../policies/file.ts';
import { loadPolicy, POLICY_MEDIA_TYPE, REMOTE, remoteProblems } from '../policies/index.ts';
import { PolicyProblems, problemError } from '../policies/problems.ts';
import { describe } from './images/artifacts/document.ts';
import { digestOf } from './images/digest.ts';
import { MANIFEST } from './images/oci/mediatypes.ts';
import { formatReference, type Reference } from './images/reference.ts';
import { policyIo } from './policy-io.ts';
import { send } from './registry/push/artifact.ts';
import { type Place, put } from './registry/push/upload.ts';
import { type ClientOptions, Session } from './registry/session.ts';

const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

/** The text of a policy that means the same in a registry. @throws SecureError as `loadPolicy` */
async function portable(path: string): Promise<Buffer> {
  const io = policyIo([]);
  // Whole, so that nobody gets one that cannot be used.
  await loadPolicy(path, io);
  const { text } = io.read(path);
  try {
    const file = await readPolicy(text, path);
    const problems = remoteProblems(file);
    if (problems.length > 0) throw new PolicyProblems(problems, file.lines);
  } catch (error) {
    if (error instanceof PolicyProblems) throw problemError(error.problems, error.lines);
    throw error;
  }
  return Buffer.from(text);
}

export interface PushedPolicy {
  /** `registry/repository@sha256:…` */
  readonly reference: string;
  /** What to write into `extends`. */
  readonly extends: string;
}

/**
 * @param path absolute
 * @throws SecureError those of `loadPolicy`, REGISTRY_*, INVALID_VALUE: a digest cannot be chosen
 */
export async function pushPolicy(
  path: string,
  reference: Reference,
  options: ClientOptions = {},
): Promise<PushedPolicy> {
  if (reference.digest !== undefined)
    throw new SecureError('INVALID_VALUE', `${formatReference(reference)}: a digest follows from the content`, {
      hint: 'give a tag, or the repository alone',
    });
  const data = await portable(path);
  const { registry, repository, tag = 'latest' } = reference;
  const layer = {
    ...describe(POLICY_MEDIA_TYPE, data),
    annotations: { 'org.opencontainers.image.title': 'secure.policy.yaml' },
  };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: POLICY_MEDIA_TYPE,
      config: describe(EMPTY_TYPE, EMPTY),
      layers: [layer],
    }),
  );
  const session = new Session({ ...options, registry, repository, scopes: [`repository:${repository}:pull,push`] });
  try {
    const place: Place = { session, registry, repository };
    await send(place, EMPTY, digestOf(EMPTY));
    await send(place, data, layer.digest);
    const digest = digestOf(manifest);
    (await put(place, tag, MANIFEST, manifest, digest)).discard();
    const name = formatReference({ registry, repository, digest });
    return { reference: name, extends: `${REMOTE}${name}` };
  } finally {
    session.close();
  }
}
