// SPDX-License-Identifier: Apache-2.0
// Signs an image where it is: in its repository.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { type ClientOptions, RegistryClient } from '../registry/client.ts';
import { pushArtifact } from '../registry/push/artifact.ts';
import { addLayer } from '../registry/push/layers.ts';
import { isIndex, isManifest } from './oci/mediatypes.ts';
import type { Reference } from './reference.ts';
import { BUNDLE } from './signatures/bundle.ts';
import { cosignTag, findSignatures } from './signatures/discover.ts';
import { notAnImage } from './signatures/problems.ts';
import { BUNDLE_ANNOTATIONS, cosignLayer, signedBundle } from './signatures/sign.ts';
import { SIMPLE_SIGNING } from './signatures/simple.ts';
import { verify } from './signatures/verify.ts';

export const FORMATS = ['bundle', 'cosign', 'both'] as const;

export interface SignedImage {
  /** With the digest that was signed. */
  readonly image: string;
  /** Where each signature is: a tag or digest of the repository. */
  readonly signatures: readonly Place[];
}

interface Place {
  readonly format: 'bundle' | 'cosign';
  readonly place: string;
}

/** Signatures of this key that are there: to sign twice changes nothing. */
async function signedAlready(client: RegistryClient, name: string, digest: string, key: KeyObject): Promise<Place[]> {
  const signer = { kind: 'key', key: { name: 'the key', key: createPublicKey(key) } } as const;
  const candidates = await findSignatures(client, [digest]);
  const outcomes = verify(
    candidates,
    { repository: name, digests: [digest] },
    { signers: [signer], identity: 'repository' },
  );
  const accepted = outcomes.filter((outcome) => outcome.accepted);
  return (['cosign', 'bundle'] as const).flatMap((format) => {
    const found = accepted.find((outcome) => outcome.format === format);
    return found === undefined ? [] : [{ format, place: found.place }];
  });
}

/**
 * Sign what the registry has under the reference: an index where the name is one of several platforms.
 * @throws SecureError MANIFEST_UNKNOWN, DIGEST_MISMATCH, MEDIA_TYPE_UNSUPPORTED, REFERENCE_TAKEN, LIMIT_EXCEEDED, REGISTRY_*
 */
export async function signImage(
  reference: Reference,
  key: KeyObject,
  format: (typeof FORMATS)[number],
  options: ClientOptions = {},
): Promise<SignedImage> {
  const client = new RegistryClient(reference, options);
  const name = `${reference.registry}/${reference.repository}`;
  try {
    const { bytes, mediaType, digest } = await client.resolve(reference);
    if (!isManifest(mediaType) && !isIndex(mediaType)) throw notAnImage(name, mediaType);
    const signatures = await signedAlready(client, name, digest, key);
    const wants = (one: 'bundle' | 'cosign') =>
      format !== (one === 'bundle' ? 'cosign' : 'bundle') && signatures.every((there) => there.format !== one);
    if (wants('cosign')) {
      const place = cosignTag(digest);
      await addLayer(reference, place, { mediaType: SIMPLE_SIGNING, ...cosignLayer(name, digest, key) }, options);
      signatures.push({ format: 'cosign', place });
    }
    if (wants('bundle')) {
      const artifact = {
        artifactType: BUNDLE,
        subject: { mediaType, digest, size: bytes.length },
        layers: [{ mediaType: BUNDLE, data: signedBundle(name, digest, key) }],
        annotations: BUNDLE_ANNOTATIONS,
      };
      signatures.push({ format: 'bundle', place: (await pushArtifact(reference, artifact, options)).digest });
    }
    return { image: `${name}@${digest}`, signatures };
  } finally {
    client.close();
  }
}
