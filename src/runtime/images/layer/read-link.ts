// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, readlinkSync } from 'node:fs';
import { O_PATH, openBeneath } from '../../../native.ts';

/** Where a link beneath a root points, as it is written. Both paths are bytes, a character each. */
export function readLinkBeneath(root: number, path: string): string {
  const slash = path.lastIndexOf('/');
  const directory = slash < 0 ? '.' : Buffer.from(path.slice(0, slash), 'latin1');
  const fd = openBeneath(root, directory, O_PATH | constants.O_DIRECTORY, { noSymlinks: true });
  try {
    const name = Buffer.from(path.slice(slash + 1), 'latin1');
    return readlinkSync(Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]), 'latin1');
  } finally {
    closeSync(fd);
  }
}
