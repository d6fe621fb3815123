// SPDX-License-Identifier: Apache-2.0
// An image's signatures, from its registry to a verdict.
import { SecureError } from '../../errors.ts';
import { type ClientOptions, RegistryClient } from '../registry/client.ts';
import { formatReference, type Reference } from './reference.ts';
import { findSignatures } from './signatures/discover.ts';
import { findGpgSignatures } from './signatures/gpg/lookaside.ts';
import type { Outcome, Requirement } from './signatures/types.ts';
import { verify } from './signatures/verify.ts';
import type { ImageStore } from './store.ts';

export interface Verified {
  /** With the digest that the signatures were looked for. */
  readonly image: string;
  readonly digests: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** What the reference means: the image of the store where it is one that was pulled, else what the registry has now. */
async function digestsOf(store: ImageStore, client: RegistryClient, reference: Reference): Promise<string[]> {
  try {
    const { record } = await store.resolve(formatReference(reference));
    if (record.origin === 'pulled') return record.index === undefined ? [record.digest] : [record.digest, record.index];
  } catch (error) {
    if (!(error instanceof SecureError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
  }
  return [(await client.resolve(reference)).digest];
}

/**
 * Look for signatures of an image in its repository and hold each against what is required.
 * @throws SecureError REGISTRY_*, MANIFEST_UNKNOWN, DIGEST_MISMATCH, LIMIT_EXCEEDED, LAYOUT_INVALID
 */
export async function verifyImage(
  store: ImageStore,
  reference: Reference,
  requirement: Requirement,
  options: ClientOptions = {},
): Promise<Verified> {
  const client = new RegistryClient(reference, options);
  try {
    const digests = await digestsOf(store, client, reference);
    const { registry, repository } = reference;
    const name = `${registry}/${repository}`;
    const candidates = [
      ...(await findSignatures(client, digests)),
      ...(await findGpgSignatures([requirement], name, digests, options.env)),
    ];
    const outcomes = verify(candidates, { repository: name, digests }, requirement);
    return { image: `${name}@${digests[0]}`, digests, outcomes };
  } finally {
    client.close();
  }
}
