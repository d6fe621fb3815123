// SPDX-License-Identifier: Apache-2.0
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { keyInvalid } from './problems.ts';

/** A public key that signatures are checked with. */
export interface PublicKey {
  /** What it is called in messages: its file. */
  readonly name: string;
  readonly key: KeyObject;
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MODULUS_BITS = 2048;
/** A PEM file of one key is some hundred bytes. */
export const KEY_FILE_LIMIT = 64 << 10;

/** @throws SecureError KEY_INVALID for a key that is too weak, or of another kind */
export function checkStrength(name: string, key: KeyObject): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return;
  if (type === 'ec' && CURVES.has(details?.namedCurve ?? '')) return;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MODULUS_BITS) return;
  const found = type === 'rsa' ? `RSA of ${details?.modulusLength} bits` : (details?.namedCurve ?? type);
  throw keyInvalid(
    name,
    `a key of the kind ${found} is not accepted`,
    'use ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more',
  );
}

/** A public key in PEM (SPKI, or PKCS #1 for RSA). @throws SecureError KEY_INVALID */
export function readPublicKey(pem: string, name: string): PublicKey {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw keyInvalid(name, 'it is a private key', 'give the public one; the private one belongs to the signer alone');
  }
  if (!/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) {
    throw keyInvalid(
      name,
      'it is no public key in PEM',
      'it begins with -----BEGIN PUBLIC KEY-----, as cosign.pub does',
    );
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw keyInvalid(name, 'it cannot be read as a public key', 'check that the file is whole', cause);
  }
  checkStrength(name, key);
  return { name, key };
}

/** Algorithm for `sign` and `verify` of node:crypto: Ed25519 hashes by itself, everything else is used with SHA-256, as cosign does. */
export const hashFor = (key: KeyObject): string | null => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');

/** Whether `signature` (ASN.1 DER of ECDSA, PKCS #1 v1.5 of RSA) is one of `data` by the key. */
export function signedBy({ key }: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hashFor(key), data, key, signature);
  } catch {
    // Bytes that are no signature at all.
    return false;
  }
}

/** How bundles name a key: base64 of the SHA-256 of its SPKI (cosign 3). */
export function keyHint(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}
