// SPDX-License-Identifier: Apache-2.0
import { constants, unlinkSync } from 'node:fs';
import { type FileHandle, lstat, open, opendir, rmdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { errnoOf } from './durable.ts';

/** Entries that are read at once, and removed before anything else gets its turn. A directory may have a million. */
const BATCH = 256;
/** What is removed while a directory is read may make the kernel leave out an entry. */
const PASSES = 3;

async function ignoringMissing(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** False where it is a directory. Synchronous, which is several times as fast as the thread pool. */
function removeFile(path: Buffer): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'ENOENT') return true;
    if (code === 'EISDIR' || code === 'EPERM') return false;
    throw error;
  }
}

// Names are bytes: one in a layer need not be UTF-8. A path through the parent's descriptor stays short however deep the tree is.
async function removeContent(directory: FileHandle, device: number): Promise<void> {
  const here = `/proc/self/fd/${directory.fd}/`;
  const options = { encoding: 'buffer', bufferSize: BATCH } as unknown as { bufferSize: number };
  let count = 0;
  for await (const entry of await opendir(here, options)) {
    const name = entry.name as unknown as Buffer;
    const path = Buffer.concat([Buffer.from(here), name]);
    // What the directory says about an entry is a guess that saves a call: unlink takes no directory, and no link is followed.
    if (entry.isDirectory() || !removeFile(path)) await removeEntry(directory, name, device);
    if (++count % BATCH === 0) await turn();
  }
}

async function removeEntry(parent: FileHandle, name: Buffer, device: number): Promise<void> {
  const path = Buffer.concat([Buffer.from(`/proc/self/fd/${parent.fd}/`), name]);
  const stat = await lstat(path);
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return;
  }
  for (let pass = 1; ; pass++) {
    // A mount inside the tree is somebody's data: leaving it makes the rmdir below fail, which is right.
    if (stat.dev === device) {
      const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        await removeContent(directory, device);
      } finally {
        await directory.close();
      }
    }
    try {
      return await ignoringMissing(rmdir(path));
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY' || stat.dev !== device || pass === PASSES) throw error;
    }
  }
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
