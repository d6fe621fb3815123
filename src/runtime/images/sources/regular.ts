// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { O_PATH, openBeneath } from '../../../native.ts';
import { errnoOf } from '../durable.ts';

/**
 * Open a regular file below a directory for reading. No symbolic link is followed in any component, and nothing but a
 * regular file is ever opened, so a FIFO cannot block and a device cannot act (CVE-2024-9676 class).
 * Undefined when the path is missing or is anything else.
 */
export function openRegular(root: number, path: string): number | undefined {
  let named: number;
  try {
    named = openBeneath(root, path, O_PATH | constants.O_NOFOLLOW, { noSymlinks: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    return fstatSync(named).isFile() ? openSync(`/proc/self/fd/${named}`, constants.O_RDONLY) : undefined;
  } finally {
    closeSync(named);
  }
}
