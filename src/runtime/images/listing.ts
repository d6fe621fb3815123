// SPDX-License-Identifier: Apache-2.0
// One directory of a hostile tree, by descriptor and through no link.
import { closeSync, constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { getXattr, openBeneath } from '../../native.ts';
import { errnoOf } from './durable.ts';
import { opaqueName } from './form.ts';

export interface Listing {
  /** Names as latin1, so that each byte is kept. */
  readonly names: ReadonlyMap<string, Stats>;
  /** It hides what lower layers have here. */
  readonly opaque: boolean;
}

export const isWhiteout = (stat: Stats) => stat.isCharacterDevice() && stat.rdev === 0;

/** @param fd of a directory, open for reading */
export const isOpaque = (fd: number) => getXattr(fd, opaqueName())?.toString() === 'y';

/** A path for people: what is no UTF-8 is shown byte by byte. */
export function nameText(path: Buffer): string {
  const text = path.toString('utf8');
  if (Buffer.from(text).equals(path)) return text;
  return path.toString('latin1').replace(/[\x80-\xff]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

/** @param path relative to the root, '' is the root itself @throws Error as of node:fs */
export function listDirectory(root: number, path: Buffer): Listing {
  const fd = openBeneath(root, path.length === 0 ? '.' : path, constants.O_RDONLY | constants.O_DIRECTORY, {
    noSymlinks: true,
  });
  try {
    const here = Buffer.from(`/proc/self/fd/${fd}/`);
    const names = new Map<string, Stats>();
    for (const name of readdirSync(here, { encoding: 'buffer' })) {
      try {
        names.set(name.toString('latin1'), lstatSync(Buffer.concat([here, name])));
      } catch (error) {
        // A container that runs may take it away meanwhile.
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    }
    return { names, opaque: isOpaque(fd) };
  } finally {
    closeSync(fd);
  }
}
