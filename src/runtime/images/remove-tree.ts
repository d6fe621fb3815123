// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errnoOf } from './durable.ts';

async function ignoringMissing(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

// Names are bytes: one in a layer need not be UTF-8. A path through the parent's descriptor stays short however deep the tree is.
async function removeEntry(parent: FileHandle, name: Buffer, device: number): Promise<void> {
  const path = Buffer.concat([Buffer.from(`/proc/self/fd/${parent.fd}/`), name]);
  const stat = await lstat(path);
  if (!stat.isDirectory()) return ignoringMissing(unlink(path));
  // A mount inside the tree is somebody's data: leaving it makes the rmdir below fail, which is right.
  if (stat.dev === device) {
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      for (const entry of await readdir(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' })) {
        await removeEntry(directory, entry, device);
      }
    } finally {
      await directory.close();
    }
  }
  await ignoringMissing(rmdir(path));
}

/**
 * Remove a tree without following a symbolic link or crossing into another file system (CVE-2024-23652 class). A missing
 * tree is success.
 */
export async function removeTree(path: string): Promise<void> {
  const parent = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { dev } = await parent.stat();
    await ignoringMissing(removeEntry(parent, Buffer.from(basename(path)), dev));
  } finally {
    await parent.close();
  }
}
