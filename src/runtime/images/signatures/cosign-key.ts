// SPDX-License-Identifier: Apache-2.0
// Private keys as cosign encrypts them: JSON in PEM, scrypt for the key, secretbox of NaCl around PKCS #8 (go-securesystemslib, package encrypted).
import { scryptSync } from 'node:crypto';
import { JsonObject } from '../oci/json.ts';
import { keyInvalid } from './problems.ts';

const BLOCK = /-----BEGIN (ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----/;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;
/** Of salt and ciphertext, in base64. */
const TEXT_LIMIT = 64 << 10;
/** cosign has 64 MiB (N 65536, r 8, p 1). A file may ask for no more than four times that, so that one from elsewhere cannot take the memory or the day. */
const MEMORY_LIMIT = 256 << 20;
const BLOCKS_LIMIT = 1 << 22;

export const isCosignKey = (pem: string): boolean =>
  /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(pem);

interface Encrypted {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

function bytes(json: JsonObject, key: string): Buffer {
  const text = json.string(key);
  const data = Buffer.from(text, 'base64');
  if (text.length > TEXT_LIMIT || data.toString('base64') !== text) throw json.fail(key, 'is no base64, or too long');
  return data;
}

/** @throws SecureError with the place in the JSON */
function parse(pem: string): Encrypted {
  const body = BLOCK.exec(pem)?.[2] ?? '';
  const json = JsonObject.parse(Buffer.from(body, 'base64'), 'KEY_INVALID', 'the encrypted key');
  const [kdf, cipher] = [json.object('kdf'), json.object('cipher')];
  for (const [part, name] of [
    [kdf, 'scrypt'],
    [cipher, 'nacl/secretbox'],
  ] as const)
    if (part.string('name') !== name) throw part.fail('name', `is not ${name}`);
  const params = kdf.object('params');
  const cost = {
    N: params.integer('N', 1 << 30),
    r: params.integer('r', 1 << 20),
    p: params.integer('p', 1 << 20),
  };
  const { N, r, p } = cost;
  if (N < 2 || (N & (N - 1)) !== 0 || r < 1 || p < 1) throw params.fail('N', 'and r, p are no parameters of scrypt');
  if (128 * N * r > MEMORY_LIMIT || 128 * r * p > MEMORY_LIMIT || N * r * p > BLOCKS_LIMIT)
    throw params.fail('N', 'and r, p ask for more than 256 MiB, or for too long');
  const nonce = bytes(cipher, 'nonce');
  if (nonce.length !== NONCE_BYTES) throw cipher.fail('nonce', `has not ${NONCE_BYTES} bytes`);
  return { cost, salt: bytes(kdf, 'salt'), nonce, ciphertext: bytes(json, 'ciphertext') };
}

/** The private key inside, DER of PKCS #8. @throws SecureError KEY_INVALID */
export async function decryptCosignKey(pem: string, name: string, passphrase: string): Promise<Buffer> {
  let encrypted: Encrypted;
  try {
    encrypted = parse(pem);
  } catch (cause) {
    // What JSON has to say about it quotes nothing but names of its keys and numbers.
    throw keyInvalid(
      name,
      `it cannot be read as a key of cosign: ${(cause as Error).message}`,
      'check that the file is whole',
      cause,
    );
  }
  const { cost, salt, nonce, ciphertext } = encrypted;
  // OpenSSL counts a little more than the block that the algorithm is about.
  const key = scryptSync(passphrase, salt, KEY_BYTES, { ...cost, maxmem: MEMORY_LIMIT + (64 << 20) });
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(ciphertext));
  } catch {
    throw keyInvalid(name, 'the passphrase is wrong, or the file is damaged', 'it is the one that cosign asked for');
  } finally {
    key.fill(0);
  }
}
