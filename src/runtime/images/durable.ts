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

/** Replace a file: temp + fsync + rename + fsync of the directory. The temporary name starts with a dot. */
export async function writeAtomic(path: string, data: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    await fsyncDir(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, `writing ${path}`);
  }
}
