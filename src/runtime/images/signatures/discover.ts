// SPDX-License-Identifier: Apache-2.0
// Finds the signatures of an image in its repository. What is found is hostile until it was verified: everything is bounded, and
// everything is fetched by the digest and size that name it.
import { SecureError } from '../../../errors.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { referrersTag } from '../../registry/referrers.ts';
import { parseDigest } from '../digest.ts';
import { type Descriptor, readDescriptor } from '../oci/descriptor.ts';
import { JsonObject } from '../oci/json.ts';
import { MANIFEST } from '../oci/mediatypes.ts';
import { verified } from '../read.ts';
import { readAll } from '../sources/bytes.ts';
import { BUNDLE } from './bundle.ts';
import { NOTARY } from './notary/check.ts';
import { COSE } from './notary/cose.ts';
import { JWS } from './notary/jws.ts';
import { SIMPLE_SIGNING } from './simple.ts';
import { SIGN_PREDICATE } from './statement.ts';
import type { Candidate } from './types.ts';

/** More signatures of one image than this are not looked at: each one costs requests. */
export const SIGNATURE_LIMIT = 100;
/** A payload has some hundred bytes, a bundle with certificate and proof some ten thousand. */
const CONTENT_LIMIT = 1 << 20;

export type Repository = Pick<RegistryClient, 'host' | 'manifest' | 'blob' | 'referrers'>;

/** `sha256-<hex>.sig`: the tag of cosign's signatures of a digest. */
export const cosignTag = (digest: string): string => `${referrersTag(digest)}.sig`;

/** A document by tag or digest; undefined when the registry has none of that name. */
export async function find(
  repository: Repository,
  name: string,
): Promise<{ bytes: Buffer; mediaType: string } | undefined> {
  try {
    const { bytes, mediaType, digest } = await repository.manifest(name);
    for (const expected of [parseDigest(name) === undefined ? undefined : name, digest])
      if (expected !== undefined) verified(bytes, expected);
    return { bytes, mediaType };
  } catch (error) {
    if (error instanceof SecureError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

/** Layers of an artifact's manifest that are of one of the types. */
export function layersOf(bytes: Buffer, what: string, ...types: string[]): Descriptor[] {
  const json = JsonObject.parse(bytes, 'LAYOUT_INVALID', what);
  if (json.integer('schemaVersion', 100) !== 2) throw json.fail('schemaVersion', 'is not 2');
  return json
    .objects('layers', SIGNATURE_LIMIT)
    .map(readDescriptor)
    .filter(({ mediaType }) => types.includes(mediaType));
}

/** @throws SecureError LIMIT_EXCEEDED, DIGEST_MISMATCH, REGISTRY_* */
export async function content(repository: Repository, descriptor: Descriptor, limit = CONTENT_LIMIT): Promise<Buffer> {
  const bytes = await readAll(repository.blob(descriptor), limit, `the signature ${descriptor.digest}`);
  return verified(bytes, descriptor.digest);
}

async function cosignSignatures(repository: Repository, digest: string): Promise<Candidate[]> {
  const tag = cosignTag(digest);
  const found = await find(repository, tag);
  if (found === undefined) return [];
  const layers = layersOf(found.bytes, `manifest ${tag}`, SIMPLE_SIGNING);
  const candidates: Candidate[] = [];
  for (const layer of layers) {
    const payload = await content(repository, layer);
    candidates.push({ format: 'cosign', place: tag, payload, annotations: layer.annotations ?? {} });
  }
  return candidates;
}

/** A bundle of sigstore has a type of its own; a signature of the Notary Project may say so by its config alone. */
function kindOf(json: JsonObject): typeof BUNDLE | typeof NOTARY | undefined {
  const type = json.string('artifactType', '');
  const named = type === '' ? (json.optionalObject('config')?.string('mediaType', '') ?? '') : type;
  if (type === BUNDLE) return BUNDLE;
  return named === NOTARY ? NOTARY : undefined;
}

/** What says itself that it is an attestation may be large, and is no signature. */
const isAttestation = (annotations: Readonly<Record<string, string>> = {}): boolean =>
  (annotations['dev.sigstore.bundle.predicateType'] ?? SIGN_PREDICATE) !== SIGN_PREDICATE;

async function referring(repository: Repository, digest: string): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  // Not asked for by type: whoever made the entry may have left it out.
  const referrers = (await repository.referrers(digest)).filter(
    ({ mediaType, artifactType, annotations }) =>
      mediaType === MANIFEST && ['', BUNDLE, NOTARY].includes(artifactType) && !isAttestation(annotations),
  );
  for (const referrer of referrers) {
    if (candidates.length >= SIGNATURE_LIMIT) break;
    const found = await find(repository, referrer.digest);
    if (found === undefined) continue;
    const what = `manifest ${referrer.digest}`;
    const json = JsonObject.parse(found.bytes, 'LAYOUT_INVALID', what);
    // What merely lies there may belong to another image.
    if (isAttestation(json.stringMap('annotations', 1000))) continue;
    const kind = kindOf(json);
    if (kind === undefined || json.optionalObject('subject')?.string('digest', '') !== digest) continue;
    const place = referrer.digest;
    for (const layer of layersOf(found.bytes, what, ...(kind === BUNDLE ? [BUNDLE] : [JWS, COSE]))) {
      const data = await content(repository, layer);
      const { mediaType } = layer;
      candidates.push(
        kind === BUNDLE
          ? { format: 'bundle', place, bundle: data }
          : { format: 'notary', place, mediaType, envelope: data },
      );
    }
  }
  return candidates;
}

/**
 * Every signature of any of the digests. None is no error; a registry that cannot be asked is one.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, LIMIT_EXCEEDED, LAYOUT_INVALID
 */
export async function findSignatures(repository: Repository, digests: readonly string[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const digest of new Set(digests)) {
    found.push(...(await cosignSignatures(repository, digest)), ...(await referring(repository, digest)));
  }
  if (found.length <= SIGNATURE_LIMIT) return found;
  throw new SecureError(
    'LIMIT_EXCEEDED',
    `registry ${repository.host}: more than ${SIGNATURE_LIMIT} signatures of one image`,
  );
}
