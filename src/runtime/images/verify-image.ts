// SPDX-License-Identifier: Apache-2.0
// An image's signatures, from its registry to a verdict.
import { SecureError } from '../../errors.ts';
import { type ClientOptions, RegistryClient } from '../registry/client.ts';
import { formatReference, type Reference } from './reference.ts';
import { findAttestations } from './signatures/attestations/find.ts';
import {
  type Attestation,
  type Attestations,
  type UnsignedStatement,
  verifyAttestations,
} from './signatures/attestations/verify.ts';
import { findSignatures, type Repository } from './signatures/discover.ts';
import { findGpgSignatures } from './signatures/gpg/lookaside.ts';
import type { Outcome, Requirement, Subject } from './signatures/types.ts';
import { verify } from './signatures/verify.ts';
import type { ImageStore } from './store.ts';

export interface Verified {
  /** With the digest that the signatures were looked for. */
  readonly image: string;
  readonly digests: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** What verified attestations say, where those are wanted; and what nobody has signed. */
  readonly attestations?: readonly Attestation[];
  readonly unsigned?: readonly UnsignedStatement[];
}

/** A digest says more than the tag beside it. */
export const askedTag = ({ tag, digest }: Reference): string | undefined => (digest === undefined ? tag : undefined);

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
 * What is said about an image in its repository, of one kind (`slsa`, `spdx`, `cyclonedx`, `vuln`, or the type of a predicate), and who of those that are wanted has
 * signed it. At most a hundred, each of at most 32 MiB.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, LIMIT_EXCEEDED, LAYOUT_INVALID
 */
export async function attestationsOf(
  repository: Repository,
  subject: Subject,
  requirement: Requirement & { readonly attestation: string },
): Promise<Attestations> {
  const candidates = await findAttestations(repository, subject.digests, [requirement.attestation]);
  return verifyAttestations(candidates, subject, requirement);
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
    const subject = { repository: name, tag: askedTag(reference), digests };
    const image = `${name}@${digests[0]}`;
    if (requirement.attestation !== undefined) {
      const found = await attestationsOf(client, subject, { ...requirement, attestation: requirement.attestation });
      return { image, digests, outcomes: found.outcomes, attestations: found.statements, unsigned: found.unsigned };
    }
    const candidates = [
      ...(await findSignatures(client, digests)),
      ...(await findGpgSignatures([requirement], name, digests, options.env)),
    ];
    return { image, digests, outcomes: verify(candidates, subject, requirement) };
  } finally {
    client.close();
  }
}
