// SPDX-License-Identifier: Apache-2.0
// An artifact that belongs to an image (image-spec "Guidelines for Artifact Usage", distribution-spec "Pushing Manifests with Subject").
import { SecureError } from '../../../errors.ts';
import { hasher } from '../../images/digest.ts';
import type { Descriptor } from '../../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT } from '../../images/oci/json.ts';
import { INDEX, MANIFEST } from '../../images/oci/mediatypes.ts';
import { verified } from '../../images/read.ts';
import type { Reference } from '../../images/reference.ts';
import { fromBuffer } from '../../images/sources/bytes.ts';
import { digestHeader } from '../digest-header.ts';
import { protocol } from '../problems.ts';
import { type Referrer, readReferrers, referrersTag, typeOf } from '../referrers.ts';
import { type ClientOptions, Session } from '../session.ts';
import { readBody } from '../transport.ts';
import { confirm, exists, type Place, rejected, type Source, upload } from './upload.ts';

export interface ArtifactLayer {
  readonly mediaType: string;
  readonly data: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Artifact {
  /** Media type. */
  readonly artifactType: string;
  /** What it belongs to. */
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly layers: readonly ArtifactLayer[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PushedArtifact extends Descriptor {
  /** How it is found: by the referrers API, or in the index under this tag. */
  readonly listed: 'api' | { readonly tag: string };
}

const EMPTY = 'application/vnd.oci.empty.v1+json';
const NOTHING = Buffer.from('{}');
/** Others may change the index under the tag at the same time. */
const ATTEMPTS = 4;
const ENTRIES = 1000;

export function describe(mediaType: string, data: Buffer): Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  const { hash, finish } = hasher();
  hash.update(data);
  return { mediaType, digest: finish(), size: data.length };
}

export const sourceOf = (data: Buffer, digest: string): Source => ({
  digest,
  size: data.length,
  part: (start, size) => fromBuffer(data.subarray(start, start + size)),
});

/** A manifest or index under a name; the registry's word for what it took is compared. */
export async function put(place: Place, name: string, mediaType: string, bytes: Buffer) {
  const answer = await place.session.request({
    at: `${place.repository}/manifests/${name}`,
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: fromBuffer(bytes),
  });
  if (answer.status !== 201) throw await rejected(place, answer, `manifest ${name}`);
  confirm(answer, describe(mediaType, bytes).digest);
  return answer;
}

/** The index under a tag; undefined when there is none. */
async function indexAt(place: Place, tag: string): Promise<Referrer[] | undefined> {
  const answer = await place.session.request({
    at: `${place.repository}/manifests/${tag}`,
    headers: { accept: INDEX },
  });
  if (answer.status === 404) {
    answer.discard();
    return undefined;
  }
  if (answer.status !== 200) throw await rejected(place, answer, `manifest ${tag}`);
  const type = typeOf(answer);
  const digest = digestHeader(answer);
  const bytes = await readBody(answer, DOCUMENT_LIMIT, `index ${tag}`);
  if (digest !== undefined) verified(bytes, digest);
  if (type === INDEX) return readReferrers(bytes, `index ${tag}`);
  throw new SecureError(
    'REFERENCE_TAKEN',
    `${place.repository}:${tag} is no list of referrers but ${JSON.stringify(type.slice(0, 100))}`,
    {
      hint: 'the tag is reserved for what belongs to the digest in it; remove it from the registry',
    },
  );
}

/** Add an entry to the index under a tag, until it is there: a change of somebody else's at the same time may have dropped it. */
async function enlist(place: Place, tag: string, entry: Referrer): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const entries = (await indexAt(place, tag)) ?? [];
    if (entries.some(({ digest }) => digest === entry.digest)) return;
    if (entries.length >= ENTRIES) throw new SecureError('LIMIT_EXCEEDED', `index ${tag} has ${ENTRIES} entries`);
    const manifests = [...entries, entry].map(({ artifactType, ...rest }) => ({
      ...rest,
      ...(artifactType === '' ? {} : { artifactType }),
    }));
    await put(place, tag, INDEX, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })));
  }
  if ((await indexAt(place, tag))?.some(({ digest }) => digest === entry.digest)) return;
  throw protocol(place.session.host, `what is added to ${tag} is gone again each time`);
}

/**
 * Push an artifact beside its subject, and see to it that it is found: where the registry does not say that it lists it (OCI-Subject), in
 * the index under the subject's tag.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, REFERENCE_TAKEN, LIMIT_EXCEEDED, REFERENCE_INVALID
 */
export async function pushArtifact(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  { artifactType, subject, layers, annotations }: Artifact,
  options: ClientOptions = {},
): Promise<PushedArtifact> {
  const tag = referrersTag(subject.digest);
  const session = new Session({ ...options, registry, repository, scopes: [`repository:${repository}:pull,push`] });
  const place: Place = { session, registry, repository };
  try {
    const config = describe(EMPTY, NOTHING);
    const described = layers.map((layer) => ({
      ...describe(layer.mediaType, layer.data),
      ...(layer.annotations === undefined ? {} : { annotations: layer.annotations }),
    }));
    const blobs = [
      { digest: config.digest, data: NOTHING },
      ...layers.map(({ data }, i) => ({ digest: described[i]?.digest ?? '', data })),
    ];
    for (const { digest, data } of new Map(blobs.map((blob) => [blob.digest, blob])).values()) {
      const source = sourceOf(data, digest);
      if (!(await exists(place, source))) await upload(place, source);
    }
    const { mediaType, digest, size } = subject;
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        artifactType,
        config,
        layers: described.length === 0 ? [config] : described,
        subject: { mediaType, digest, size },
        ...(annotations === undefined ? {} : { annotations }),
      }),
    );
    const descriptor = describe(MANIFEST, manifest);
    const answer = await put(place, descriptor.digest, MANIFEST, manifest);
    const listed = answer.header('oci-subject');
    if (listed === digest) return { ...descriptor, listed: 'api' };
    if (listed !== undefined) throw protocol(session.host, 'it lists an artifact under another subject (OCI-Subject)');
    await enlist(place, tag, { ...descriptor, artifactType, ...(annotations === undefined ? {} : { annotations }) });
    return { ...descriptor, listed: { tag } };
  } finally {
    session.close();
  }
}
