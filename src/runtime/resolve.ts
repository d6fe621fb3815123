// SPDX-License-Identifier: Apache-2.0
// What the image on the command line of `secure run` means, fetched first where that is wanted.
import { SecureError } from '../errors.ts';
import { type EffectivePolicy, signatureRules } from '../policies/index.ts';
import type { PullOptions } from './images/import/pull.ts';
import { candidates, formatReference } from './images/reference.ts';
import type { ImageStore, Resolved } from './images/store.ts';
import type { Inputs } from './inputs.ts';
import { checkOrigin, checkRejected } from './plan/image.ts';
import type { RunRequest } from './plan/types.ts';

/** When an image is fetched from its registry. */
export type PullMode = 'missing' | 'always' | 'never';

const isMissing = (error: unknown) => error instanceof SecureError && error.code === 'IMAGE_NOT_FOUND';

async function present(store: ImageStore, text: string): Promise<Resolved | SecureError> {
  try {
    return await store.resolve(text);
  } catch (error) {
    if (isMissing(error)) return error as SecureError;
    throw error;
  }
}

/** Where it was looked for here belongs to the error of the registry: the name may simply be misspelt. */
function afterMiss(error: unknown, places: readonly string[]): unknown {
  if (!(error instanceof SecureError)) return error;
  const here = `${places.join(' and ')} ${places.length > 1 ? 'are' : 'is'} not in the store`;
  const { hint } = error;
  return new SecureError(error.code, `${here}, and pulling failed: ${error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    exitCode: error.exitCode,
    cause: error,
  });
}

/** What `pullImage` asks before it fetches an image's layers. */
export async function signatureCheck(
  store: ImageStore,
  reference: string,
  policy: EffectivePolicy,
  inputs: Inputs,
): Promise<Pick<PullOptions, 'check'>> {
  if (signatureRules(policy, reference).length === 0) return {};
  checkRejected(policy, reference);
  const { checkPulled } = await import('./signed.ts');
  return {
    check: (client, digests) => checkPulled(client, store.paths.state, { reference, digests }, policy, inputs),
  };
}

/**
 * The image of a request. What the policy refuses to run whatever its content is not downloaded.
 * @throws SecureError IMAGE_NOT_FOUND, IMAGE_UNTRUSTED, REFERENCE_INVALID, MANIFEST_UNKNOWN, REGISTRY_* and others of a pull
 */
export async function resolveImage(
  store: ImageStore,
  request: RunRequest,
  policy: EffectivePolicy,
  mode: PullMode,
  inputs: Inputs,
): Promise<Resolved> {
  const found = await present(store, request.image);
  const missing = found instanceof SecureError;
  if (mode === 'never' || (mode === 'missing' && !missing)) {
    if (missing) throw found;
    return found;
  }
  const places = candidates(request.image);
  const reference = places.at(-1);
  // An image of this host has no registry to be fetched from.
  if (reference === undefined || (missing && reference.registry === 'localhost')) throw found;
  if (!missing && found.record.reference.startsWith('localhost/')) {
    throw new SecureError('INVALID_VALUE', `--pull always: ${found.record.reference} is an image of this host`, {
      hint: `write ${formatReference(reference)} for the one of a registry`,
    });
  }
  const name = formatReference(reference);
  const rules = signatureRules(policy, name);
  checkRejected(policy, name);
  checkOrigin(`${name} would be pulled`, 'pulled', { policy, request }, rules.length > 0);
  const { pullImage } = await import('./images/import/pull.ts');
  try {
    await pullImage(store, reference, await signatureCheck(store, name, policy, inputs));
  } catch (error) {
    throw missing ? afterMiss(error, places.map(formatReference)) : error;
  }
  return store.resolve(request.image);
}
