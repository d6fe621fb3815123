// SPDX-License-Identifier: Apache-2.0
// A layer as a tar archive, in one pass and without being in memory.
import { createHash } from 'node:crypto';
import { closeSync, type Stats } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { TAR_END, type TarMember, tarHeader, tarPadding } from '../tar-writer.ts';
import { readChunk } from './read-chunk.ts';

/** A member, and where its content comes from. */
export interface LayerMember extends TarMember {
  /** A descriptor, closed afterwards; files with content only. */
  readonly open?: () => number;
  readonly data?: Buffer;
  /** What the content was when it was looked at first, in hex. */
  readonly sha256?: string;
}

const CHUNK = 1 << 20;

/**
 * The content of a member, of exactly its size.
 * @throws SecureError BUILD_FAILED when it has become shorter, or where it was read before, is another one
 */
export function* contentOf(member: LayerMember): Generator<Buffer> {
  const size = member.size ?? 0;
  if (member.data !== undefined) {
    yield member.data;
    return;
  }
  if (member.open === undefined) return;
  const fd = member.open();
  const hash = member.sha256 === undefined ? undefined : createHash('sha256');
  try {
    let left = size;
    while (left > 0) {
      const chunk = readChunk(fd, Math.min(left, CHUNK));
      if (chunk.length === 0) throw changed(member.path);
      left -= chunk.length;
      hash?.update(chunk);
      yield chunk;
    }
    if (hash !== undefined && (readChunk(fd, 1).length > 0 || hash.digest('hex') !== member.sha256))
      throw changed(member.path);
  } finally {
    closeSync(fd);
  }
}

export function changed(path: Buffer, cause?: unknown): SecureError {
  return new SecureError('BUILD_FAILED', `${path.toString()} changed while it was read`, {
    hint: 'try again when nobody writes there',
    cause,
  });
}

/** The archive, member after member. */
export function* archiveOf(members: Iterable<LayerMember>): Generator<Buffer> {
  for (const member of members) {
    yield tarHeader(member);
    if (member.type !== '0') continue;
    yield* contentOf(member);
    const padding = tarPadding(member.size ?? 0);
    if (padding.length > 0) yield padding;
  }
  yield TAR_END;
}

const KINDS: readonly (readonly [keyof Stats & `is${string}`, TarMember['type']])[] = [
  ['isFile', '0'],
  ['isDirectory', '5'],
  ['isSymbolicLink', '2'],
  ['isCharacterDevice', '3'],
  ['isBlockDevice', '4'],
  ['isFIFO', '6'],
];

/** The kind of a file in an archive; undefined for a socket, which has none. */
export function kindOf(stat: Stats): TarMember['type'] | undefined {
  return KINDS.find(([is]) => (stat[is] as () => boolean).call(stat))?.[1];
}

/** makedev(3), undone. */
export function deviceOf(rdev: number): [major: number, minor: number] {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/** Whole seconds, rounded down; never later than `latest` (SOURCE_DATE_EPOCH). */
export function timeOf(stat: Stats, latest: number | undefined): number {
  const seconds = Math.floor(stat.mtimeMs / 1000);
  return latest === undefined ? seconds : Math.min(seconds, latest);
}
