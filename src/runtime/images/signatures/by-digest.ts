// SPDX-License-Identifier: Apache-2.0
// A signature of bytes of which only the digest is known. OpenSSL, as node:crypto has it, hashes by itself; so ECDSA is done by @noble/curves, and of
// RSA the padded digest is looked at.
import { constants, type KeyObject, publicDecrypt, timingSafeEqual } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { SignedEntity } from '@sigstore/verify';

/** SHA-256 of the bytes. */
export interface ArtifactDigest {
  readonly sha256: Buffer;
}

const CURVES = { prime256v1: p256, secp384r1: p384, secp521r1: p521 } as const;
/** RFC 8017, 9.2, note 1: DigestInfo of SHA-256 without the digest. */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

function uncompressedPoint(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** Whether `signature` (ASN.1 DER of ECDSA, PKCS #1 v1.5 of RSA) is one of this digest. Ed25519 signs no digest: false. */
export function signedDigest(key: KeyObject, { sha256 }: ArtifactDigest, signature: Buffer): boolean {
  try {
    if (key.asymmetricKeyType === 'ec') {
      const curve = CURVES[key.asymmetricKeyDetails?.namedCurve as keyof typeof CURVES];
      // As OpenSSL: a signature with a high s is one too.
      return (
        curve?.verify(signature, sha256, uncompressedPoint(key), { prehash: false, lowS: false, format: 'der' }) ??
        false
      );
    }
    if (key.asymmetricKeyType !== 'rsa') return false;
    const found = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    const wanted = Buffer.concat([SHA256_INFO, sha256]);
    return found.length === wanted.length && timingSafeEqual(found, wanted);
  } catch {
    // Bytes that are no signature at all.
    return false;
  }
}

const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);

/** The content of a message signature, for what is there by its digest alone. @param claimed the digest that the bundle names */
export function digestContent(signature: Buffer, claimed: Buffer, digest: ArtifactDigest): SignedEntity['signature'] {
  const compareDigest = (other: Buffer) => equal(other, digest.sha256);
  return {
    signature,
    compareSignature: (other) => equal(other, signature),
    compareDigest,
    compareSignedDigest: compareDigest,
    verifySignature: (key) => equal(claimed, digest.sha256) && signedDigest(key, digest, signature),
  };
}
