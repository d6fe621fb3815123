// SPDX-License-Identifier: Apache-2.0
// The images that a build stands on are held against the policy as those that are run are.
import { signatureRules } from '../../policies/index.ts';
import type { ImageRecord } from '../images/records.ts';
import type { StoreRoots } from '../images/roots.ts';
import type { ImageStore } from '../images/store.ts';
import { Inputs } from '../inputs.ts';
import { checkOrigin } from '../plan/image.ts';
import type { RunRequest } from '../plan/types.ts';
import { signaturesOf } from '../prepare.ts';
import { resolveImage } from '../resolve.ts';
import type { BuildRequest } from './types.ts';

/**
 * The record of an image, fetched first where that is wanted.
 * @throws SecureError IMAGE_NOT_FOUND, IMAGE_UNTRUSTED, SIGNATURE_*, REGISTRY_*
 */
export async function checkPolicyOrigin(
  store: ImageStore,
  roots: StoreRoots,
  request: BuildRequest,
  image: string,
): Promise<ImageRecord> {
  const { policy, trust, pull } = request;
  const inputs = new Inputs();
  const asked = { image, trust } as RunRequest;
  const { record } = await resolveImage(store, asked, policy, pull, inputs);
  const { reference, digest, origin } = record;
  const { signatures } = await signaturesOf(record, policy, inputs, roots, pull === 'never');
  const signed = (signatures ?? []).length > 0 && signatureRules(policy, reference).length > 0;
  checkOrigin(`${reference} (${digest}) was ${origin}`, origin, { policy, request: asked }, signed);
  return record;
}
