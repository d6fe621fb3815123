// SPDX-License-Identifier: Apache-2.0
// An artifact that belongs to an image (distribution-spec "Pushing Manifests with Subject").
import { SecureError } from '../../../errors.ts';
import {
  type Artifact,
  type ArtifactDocument,
  artifactDocument,
  type Referrer,
} from '../../images/artifacts/document.ts';
import { digestOf } from '../../images/digest.ts';
import type { Descriptor } from '../../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT } from '../../images/oci/json.ts';
import { INDEX, MANIFEST } from '../../images/oci/mediatypes.ts';
import { verified } from '../../images/read.ts';
import type { Reference } from '../../images/reference.ts';
import { fromBuffer } from '../../images/sources/bytes.ts';
import { digestHeader } from '../digest-header.ts';
import { protocol } from '../problems.ts';
import { readReferrers, referrersTag, typeOf } from '../referrers.ts';
import { type ClientOptions, Session } from '../session.ts';
import { readBody } from '../transport.ts';
import { exists, type Place, put, rejected, upload } from './upload.ts';

export type { Artifact, ArtifactLayer } from '../../images/artifacts/document.ts';
export { describe } from '../../images/artifacts/document.ts';

export interface PushedArtifact extends Descriptor {
  /** Media type. */
  readonly artifactType: string;
  /** How it is found: by the referrers API, or in the index under this tag. */
  readonly listed: 'api' | { readonly tag: string };
}

/** Others may change the index under the tag at the same time. */
const ATTEMPTS = 4;
const ENTRIES = 1000;

/** The blob of some bytes, unless it is there. */
export async function send(place: Place, data: Buffer, digest: string): Promise<void> {
  const part = (start: number, size: number) => fromBuffer(data.subarray(start, start + size));
  const source = { digest, size: data.length, part };
  if (!(await exists(place, source))) await upload(place, source);
}

/**
 * The document of a media type under a tag, undefined when there is none. Any image may have been given such a tag.
 * @throws SecureError REFERENCE_TAKEN, REGISTRY_*, DIGEST_MISMATCH
 */
export async function documentAt(place: Place, tag: string, mediaType: string): Promise<Buffer | undefined> {
  const answer = await place.session.request({
    at: `${place.repository}/manifests/${tag}`,
    headers: { accept: mediaType },
  });
  if (answer.status === 404) {
    answer.discard();
    return undefined;
  }
  if (answer.status !== 200) throw await rejected(place, answer, `manifest ${tag}`);
  const type = typeOf(answer);
  const digest = digestHeader(answer);
  const bytes = await readBody(answer, DOCUMENT_LIMIT, `manifest ${tag}`);
  if (digest !== undefined) verified(bytes, digest);
  if (type === mediaType) return bytes;
  throw new SecureError(
    'REFERENCE_TAKEN',
    `${place.repository}:${tag} is ${JSON.stringify(type.slice(0, 100))}, not ${mediaType}`,
    { hint: 'the tag is reserved for what belongs to the digest in it; remove it from the registry' },
  );
}

async function referrersAt(place: Place, tag: string): Promise<Referrer[]> {
  const bytes = await documentAt(place, tag, INDEX);
  return bytes === undefined ? [] : readReferrers(bytes, `index ${tag}`);
}

/** Add an entry to the index under a tag, until it is there: a change of somebody else's at the same time may have dropped it. */
async function enlist(place: Place, tag: string, entry: Referrer): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const entries = await referrersAt(place, tag);
    if (entries.some(({ digest }) => digest === entry.digest)) return;
    if (entries.length >= ENTRIES) throw new SecureError('LIMIT_EXCEEDED', `index ${tag} has ${ENTRIES} entries`);
    const manifests = [...entries, entry].map(({ artifactType, ...rest }) => ({
      ...rest,
      ...(artifactType === '' ? {} : { artifactType }),
    }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
    await put(place, tag, INDEX, index, digestOf(index));
  }
  if ((await referrersAt(place, tag)).some(({ digest }) => digest === entry.digest)) return;
  throw protocol(place.session.host, `what is added to ${tag} is gone again each time`);
}

/**
 * Push an artifact beside its subject, and see to it that it is found: where the registry does not say that it lists it (OCI-Subject), in
 * the index under the subject's tag.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, REFERENCE_TAKEN, LIMIT_EXCEEDED, REFERENCE_INVALID
 */
export async function pushDocument(
  place: Place,
  subject: string,
  { manifest, descriptor, blobs }: ArtifactDocument,
): Promise<PushedArtifact> {
  const tag = referrersTag(subject);
  for (const { digest, data } of blobs) await send(place, data, digest);
  const answer = await put(place, descriptor.digest, MANIFEST, manifest, descriptor.digest);
  const listed = answer.header('oci-subject');
  if (listed === subject) return { ...descriptor, listed: 'api' };
  if (listed !== undefined)
    throw protocol(place.session.host, 'it lists an artifact under another subject (OCI-Subject)');
  await enlist(place, tag, descriptor);
  return { ...descriptor, listed: { tag } };
}

/** The same for an artifact that is not in the store. */
export async function pushArtifact(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  artifact: Artifact,
  options: ClientOptions = {},
): Promise<PushedArtifact> {
  // Before anything is asked for.
  referrersTag(artifact.subject.digest);
  const session = new Session({ ...options, registry, repository, scopes: [`repository:${repository}:pull,push`] });
  try {
    const place: Place = { session, registry, repository };
    return await pushDocument(place, artifact.subject.digest, artifactDocument(artifact));
  } finally {
    session.close();
  }
}
