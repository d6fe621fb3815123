// SPDX-License-Identifier: Apache-2.0
// OpenPGP public keys from files, armored or binary, put together as gpgv takes them (RFC 9580, 6.2 and 10.1).
import { keyInvalid } from '../problems.ts';

export interface Keyring {
  /** What it is called in messages: its files. */
  readonly name: string;
  /** Binary. */
  readonly data: Buffer;
}

const HINT = 'export them: gpg --armor --export NAME';
const BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g;
/** Tag 6, public key, in the old and in the new form of packets. */
const isPublicKey = (octet: number) =>
  (octet & 0xc0) === 0xc0 ? (octet & 0x3f) === 6 : (octet & 0x80) !== 0 && (octet & 0x3c) >> 2 === 6;

function dearmored(body: string, name: string): Buffer {
  // Headers, an empty line, base64, a checksum that is optional and protects from nothing.
  const lines = body.split(/\r?\n/);
  const text = lines
    .slice(lines.indexOf('') + 1)
    .filter((line) => !line.startsWith('='))
    .join('')
    .trim();
  const data = Buffer.from(text, 'base64');
  if (text === '' || data.toString('base64') !== text) throw keyInvalid(name, 'its armor is damaged', HINT);
  return data;
}

/** Public keys of one file. @throws SecureError KEY_INVALID */
export function readPgpKeys(file: Buffer, name: string): Buffer {
  const text = file.toString('latin1');
  if (/-----BEGIN PGP PRIVATE KEY BLOCK-----/.test(text)) throw keyInvalid(name, 'it holds a private key', HINT);
  const blocks = [...text.matchAll(BLOCK)].map(([, body = '']) => dearmored(body, name));
  const data = blocks.length === 0 ? file : Buffer.concat(blocks);
  if (!isPublicKey(data[0] ?? 0)) throw keyInvalid(name, 'it holds no OpenPGP public keys', HINT);
  return data;
}
