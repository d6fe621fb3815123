// SPDX-License-Identifier: Apache-2.0
// Where an archive goes. It has its name only once all of it is there and on disk.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { writeAll } from '../copy.ts';
import { diskError, errnoOf, fsyncDir, temporaryName } from '../durable.ts';
import { removeTree } from '../remove-tree.ts';

export type Write = (chunk: Buffer) => Promise<void> | void;

function refused(path: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined || ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return diskError(error, `writing ${path}`);
  return new SecureError('OUTPUT_REFUSED', `${path} cannot be written: ${code}`, { cause: error });
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function into(path: string, flags: string, fill: (write: Write) => Promise<void>, durable: boolean) {
  const file = await open(path, flags, 0o600);
  try {
    await fill((chunk) => writeAll(file, chunk));
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Write a file, mode 0600, which replaces one that is there. A device or pipe is written to as it is. On an error nothing is left.
 * @throws SecureError OUTPUT_REFUSED, NO_SPACE, and what `fill` throws
 */
export async function toFile(path: string, fill: (write: Write) => Promise<void>): Promise<void> {
  const temporary = temporaryName(resolve(path));
  try {
    const found = await statOf(path);
    if (found?.isDirectory()) throw new SecureError('OUTPUT_REFUSED', `${path} is a directory`);
    if (found !== undefined && !found.isFile()) return await into(path, 'r+', fill, false);
    await into(temporary, 'wx', fill, true);
    await rename(temporary, path);
    await fsyncDir(dirname(resolve(path)));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error instanceof SecureError ? error : refused(path, error);
  }
}

/**
 * Fill a directory that is not there or empty. `add` writes one file below it, whose directories are made.
 * @throws SecureError as `toFile`
 */
export async function toDirectory(
  path: string,
  fill: (add: (name: string, content: (write: Write) => Promise<void>) => Promise<void>) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  const directories = new Set([temporary]);
  try {
    const found = await statOf(path);
    if (found !== undefined && (!found.isDirectory() || (await readdir(path)).length > 0)) {
      throw new SecureError('OUTPUT_REFUSED', `${path} is there already`, {
        hint: 'name a directory that does not exist, or an empty one',
      });
    }
    await mkdir(temporary, { mode: 0o700 });
    await fill(async (name, content) => {
      const file = join(temporary, name);
      for (let at = dirname(file); at.length > temporary.length; at = dirname(at)) directories.add(at);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await into(file, 'wx', content, true);
    });
    for (const directory of directories) await fsyncDir(directory);
    await rename(temporary, target);
    await fsyncDir(dirname(target));
  } catch (error) {
    await removeTree(temporary).catch(() => {});
    throw error instanceof SecureError ? error : refused(path, error);
  }
}
