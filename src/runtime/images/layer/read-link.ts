// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, readlinkSync } from 'node:fs';
import { O_PATH, openBeneath } from '../../../native.ts';
import { errnoOf } from '../durable.ts';

/**
 * Where a link beneath a root points, as it is written. Both paths are bytes, a character each.
 * @throws Error ENOENT when there is none, ELOOP when there is something else by now
 */
export function readLinkBeneath(root: number, path: string): string {
  const slash = path.lastIndexOf('/');
  const directory = slash < 0 ? '.' : Buffer.from(path.slice(0, slash), 'latin1');
  const fd = openBeneath(root, directory, O_PATH | constants.O_DIRECTORY, { noSymlinks: true });
  try {
    const name = Buffer.from(path.slice(slash + 1), 'latin1');
    return readlinkSync(Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]), 'latin1');
  } catch (error) {
    // Its own word for what is no link, which says nothing of a file that took the link's place (readlink(2)).
    if (errnoOf(error) !== 'EINVAL') throw error;
    throw Object.assign(new Error(`${path} is no link any more`, { cause: error }), { code: 'ELOOP' });
  } finally {
    closeSync(fd);
  }
}
