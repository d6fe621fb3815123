// SPDX-License-Identifier: Apache-2.0
// Two unpacked layers, compared by descriptor: hostile trees, so no link is followed and nothing but files and directories is opened.
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { getXattr } from '../../../native.ts';
import { opaqueName } from '../form.ts';

const SLASH = Buffer.from('/');
const CHUNK = 1 << 20;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

type Pair = readonly [number, number];

function both<T>(path: readonly [Buffer | string, Buffer | string], flags: number, use: (pair: Pair) => T): T {
  const first = openSync(path[0], flags);
  try {
    const second = openSync(path[1], flags);
    try {
      return use([first, second]);
    } finally {
      closeSync(second);
    }
  } finally {
    closeSync(first);
  }
}

const sorted = (fd: number) =>
  readdirSync(Buffer.from(`/proc/self/fd/${fd}/`), { encoding: 'buffer' }).sort(Buffer.compare);

function sameXattrs([a, b]: Pair): boolean {
  return ['security.capability', opaqueName()].every((name) => {
    const [one, other] = [getXattr(a, name), getXattr(b, name)];
    return one === null || other === null ? one === other : one.equals(other);
  });
}

function fill(fd: number, buffer: Buffer): number {
  let size = 0;
  for (let n = -1; n !== 0 && size < buffer.length; size += n)
    n = readSync(fd, buffer, size, buffer.length - size, null);
  return size;
}

function sameContent([a, b]: Pair, buffers: readonly [Buffer, Buffer]): boolean {
  for (;;) {
    const [one, other] = [fill(a, buffers[0]), fill(b, buffers[1])];
    if (one !== other || buffers[0].compare(buffers[1], 0, other, 0, one) !== 0) return false;
    if (one === 0) return true;
  }
}

/** What overlayfs shows of a file besides its content. A directory's size is the file system's affair. */
function sameStat(a: BigIntStats, b: BigIntStats): boolean {
  const directory = a.isDirectory();
  // A whiteout has no time in an archive: it is dated when it is made.
  const dated = a.isCharacterDevice() || a.mtimeNs === b.mtimeNs;
  const same = a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.rdev === b.rdev && dated;
  return same && (directory || (a.size === b.size && a.nlink === b.nlink));
}

/**
 * Path of the first entry that differs between two trees, relative to them, `.` for themselves, or undefined when they are the same:
 * names, kinds, modes, owners, times, links, contents, and the attributes that count. Memory: the names of one directory per level.
 */
export function firstDifference(one: string, other: string): Buffer | undefined {
  const buffers = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)] as const;
  const walk = (pair: Pair, path: Buffer): Buffer | undefined => {
    if (!sameXattrs(pair)) return path;
    const [names, others] = [sorted(pair[0]), sorted(pair[1])];
    for (const [i, name] of names.entries()) {
      const inner = path.equals(DOT) ? name : Buffer.concat([path, SLASH, name]);
      if (others[i]?.equals(name) !== true) return inner;
      const paths = [0, 1].map((n) => Buffer.concat([Buffer.from(`/proc/self/fd/${pair[n]}/`), name]));
      const at = [paths[0] as Buffer, paths[1] as Buffer] as const;
      const [a, b] = [lstatSync(at[0], { bigint: true }), lstatSync(at[1], { bigint: true })];
      if (!sameStat(a, b)) return inner;
      if (a.isSymbolicLink()) {
        if (!readlinkSync(at[0], { encoding: 'buffer' }).equals(readlinkSync(at[1], { encoding: 'buffer' })))
          return inner;
      } else if (a.isDirectory()) {
        const found = both(at, DIRECTORY, (below) => walk(below, inner));
        if (found !== undefined) return found;
      } else if (a.isFile()) {
        if (!both(at, FILE, (files) => sameXattrs(files) && sameContent(files, buffers))) return inner;
      }
    }
    const more = others[names.length];
    return more === undefined ? undefined : path.equals(DOT) ? more : Buffer.concat([path, SLASH, more]);
  };
  const [a, b] = [lstatSync(one), lstatSync(other)];
  // The time of a root that its archive does not name is that of its unpacking.
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return DOT;
  return both([one, other], DIRECTORY, (pair) => walk(pair, DOT));
}

const DOT = Buffer.from('.');
