// SPDX-License-Identifier: Apache-2.0
// Writes that survive a crash: the new content is on disk before its name is.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Turn a full disk or quota into NO_SPACE; every other error is returned as it is. */
export function diskError(error: unknown, doing: string): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return error;
  return new SecureError('NO_SPACE', `no space left while ${doing}`, {
    hint: 'free some space, for example with `secure image prune`; nothing was changed',
    exitCode: ExitCode.host,
    cause: error,
  });
}

/** Make the names in a directory durable. */
export async function fsyncDir(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A name beside a path, so that a rename suffices; it starts with a dot. */
export const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}`);

/**
 * The content under a temporary name beside `path`, on disk. The name starts with a dot. On an error nothing is left.
 * The caller renames it.
 */
export function writeTemporary(path: string, data: string, mode: number): string {
  const temporary = temporaryName(path);
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeFileSync(fd, data);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}

/** Replace a file: temp + fsync + rename + fsync of the directory. */
export async function writeAtomic(path: string, data: string): Promise<void> {
  let temporary: string | undefined;
  try {
    temporary = writeTemporary(path, data, 0o600);
    renameSync(temporary, path);
    await fsyncDir(dirname(path));
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw diskError(error, `writing ${path}`);
  }
}
