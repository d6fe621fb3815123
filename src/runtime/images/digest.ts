// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { SecureError } from '../../errors.ts';

/** A content digest of the OCI image-spec ("Digests"): the registered algorithms, hexadecimal in lower case only. */
export interface Digest {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The parts of a digest, or undefined when the text is none. The parts are safe as file names. */
export function parseDigest(text: string): Digest | undefined {
  if (!DIGEST.test(text)) return undefined;
  return { algorithm: text.startsWith('sha256:') ? 'sha256' : 'sha512', hex: text.slice(7) };
}

/** Diff ids name directories of the store and are checked by the extractor, which computes SHA-256 only. */
export function isDiffId(text: string): boolean {
  return parseDigest(text)?.algorithm === 'sha256';
}

/** A running hash for the algorithm of `expected`, SHA-256 where nothing is expected. */
export function hasher(expected?: string): { hash: Hash; finish(): string } {
  const algorithm = expected === undefined ? 'sha256' : (parseDigest(expected)?.algorithm ?? 'sha256');
  const hash = createHash(algorithm);
  return { hash, finish: () => `${algorithm}:${hash.digest('hex')}` };
}

/** The digest of some bytes, by the algorithm of `like`, SHA-256 without it. */
export function digestOf(bytes: Uint8Array, like?: string): string {
  const { hash, finish } = hasher(like);
  hash.update(bytes);
  return finish();
}

export function mismatch(digest: string, found: string): SecureError {
  return new SecureError('DIGEST_MISMATCH', `content of blob ${digest} has the digest ${found}`, {
    hint: 'the source is damaged or was tampered with; nothing was imported',
  });
}
