// SPDX-License-Identifier: Apache-2.0
// Reading a file as overlayfs would show it, without mounting anything.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readBounded } from '../../bounded.ts';
import { SecureError } from '../../errors.ts';
import { O_PATH } from '../../native.ts';
import { errnoOf } from './durable.ts';
import { isOpaque, isWhiteout } from './listing.ts';

/** Name one entry of an open directory; a link is named itself. Undefined when there is none. */
function name(directory: number, entry: string): number | undefined {
  try {
    return openSync(`/proc/self/fd/${directory}/${entry}`, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Open what a descriptor names, for reading. */
const reopen = (fd: number) => openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);

function readRegular(named: number, limit: number, what: string): Buffer {
  const fd = reopen(named);
  try {
    const data = readBounded(fd, limit);
    if (data === undefined)
      throw new SecureError('LIMIT_EXCEEDED', `/${what} of the image is larger than ${limit} bytes`);
    return data;
  } finally {
    closeSync(fd);
  }
}

/** What one layer says: content, `hidden` when nothing below it counts either, `absent` when the next layer decides. */
function lookIn(layer: string, parts: readonly string[], limit: number): { content: Buffer } | 'hidden' | 'absent' {
  const opened = [openSync(layer, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)];
  let opaque = false;
  try {
    for (const [i, part] of parts.entries()) {
      const named = name(opened.at(-1) ?? -1, part);
      if (named === undefined) return opaque ? 'hidden' : 'absent';
      opened.push(named);
      const stat = fstatSync(named);
      if (isWhiteout(stat)) return 'hidden';
      if (i === parts.length - 1)
        return stat.isFile() ? { content: readRegular(named, limit, parts.join('/')) } : 'hidden';
      if (!stat.isDirectory()) return 'hidden';
      const directory = reopen(named);
      opened.push(directory);
      opaque ||= isOpaque(directory);
    }
    return 'absent';
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * Content of a regular file of the merged layers (lowest first), '' when it is absent, deleted, or anything but a regular
 * file reached through directories alone: a link is not followed, since its target is the image's choice
 * (CVE-2024-9676). `path` is relative. Throws LIMIT_EXCEEDED above `limit` bytes.
 */
export const readMerged = (layers: readonly string[], path: string, limit: number): string =>
  readMergedBytes(layers, path, limit)?.toString('utf8') ?? '';

/** The same for what is no text; undefined where that is ''. */
export function readMergedBytes(layers: readonly string[], path: string, limit: number): Buffer | undefined {
  const parts = path.split('/');
  for (const layer of layers.toReversed()) {
    const found = lookIn(layer, parts, limit);
    if (found === 'hidden') return undefined;
    if (found !== 'absent') return found.content;
  }
  return undefined;
}
