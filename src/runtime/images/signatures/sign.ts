// SPDX-License-Identifier: Apache-2.0
// Signatures made with a key. What is signed is the digest and the repository, in both forms that verifiers know.
import { type KeyObject, sign } from 'node:crypto';
import { BUNDLE } from './bundle.ts';
import { SIGNATURE } from './cosign.ts';
import { hashFor, keyHint } from './keys.ts';
import { simplePayload } from './simple.ts';
import { SIGN_PREDICATE, STATEMENT_TYPE, signStatement } from './statement.ts';

/** A layer of cosign's manifest. */
export function cosignLayer(repository: string, digest: string, key: KeyObject) {
  const data = simplePayload(repository, digest);
  return { data, annotations: { [SIGNATURE]: sign(hashFor(key), data, key).toString('base64') } };
}

/** What a DSSE signature is of (secure-systems-lab/dsse protocol.md, "PAE"). */
export function preAuthEncoding(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

/** A sigstore bundle v0.3 without an entry of a log: who has the key is asked for nothing else. */
export function signedBundle(repository: string, digest: string, key: KeyObject): Buffer {
  const payload = signStatement(repository, digest);
  const signature = sign(hashFor(key), preAuthEncoding(STATEMENT_TYPE, payload), key);
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: keyHint(key) } },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType: STATEMENT_TYPE,
        signatures: [{ sig: signature.toString('base64') }],
      },
    }),
  );
}

/** Annotations by which a bundle is told from others without being fetched (cosign 3). */
export const BUNDLE_ANNOTATIONS = {
  'dev.sigstore.bundle.content': 'dsse-envelope',
  'dev.sigstore.bundle.predicateType': SIGN_PREDICATE,
};
