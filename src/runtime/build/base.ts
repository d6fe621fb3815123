// SPDX-License-Identifier: Apache-2.0
// The images that a build stands on are held against the policy as those that are run are.
import type { ImageRecord } from '../images/records.ts';
import type { StoreRoots } from '../images/roots.ts';
import type { ImageStore } from '../images/store.ts';
import { imageSubject } from '../images/subject.ts';
import { Inputs } from '../inputs.ts';
import { checkOrigin } from '../plan/image.ts';
import type { RunRequest } from '../plan/types.ts';
import { signaturesOf } from '../prepare.ts';
import { resolveImage } from '../resolve.ts';
import { enforceRules } from '../rules.ts';
import type { Base } from './origin.ts';
import type { BuildRequest } from './types.ts';

/**
 * An image by the name in the build file, fetched first where that is wanted.
 * @throws SecureError IMAGE_NOT_FOUND, IMAGE_UNTRUSTED, SIGNATURE_*, REGISTRY_*, POLICY_DENIED
 */
export async function checkBase(
  store: ImageStore,
  roots: StoreRoots,
  request: BuildRequest,
  image: string,
): Promise<Base & { readonly record: ImageRecord }> {
  const { policy, trust, pull } = request;
  const inputs = new Inputs();
  const asked = { image, trust } as RunRequest;
  const { record } = await resolveImage(store, asked, policy, pull, inputs);
  const { reference, digest, origin } = record;
  const { signatures } = await signaturesOf(record, policy, inputs, roots, pull === 'never');
  const signed = (signatures ?? []).length > 0;
  checkOrigin(`${reference} (${digest}) was ${origin}`, origin, { policy, request: asked }, signed);
  if (policy.book.rules.some(({ target }) => target === 'image'))
    await enforceRules(policy, [imageSubject({ ...(await store.factsOf(record)), signatures: signatures ?? [] })]);
  return { record, origin, signed };
}
