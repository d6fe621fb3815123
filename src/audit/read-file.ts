// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readBounded } from '../bounded.ts';
import { ExitCode, SecureError } from '../errors.ts';

function unreadable(path: string, message: string, cause: unknown): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `${path} cannot be read: ${message}`, {
    hint: 'give a build file, a manifest, the config.json of a bundle, or what `secure run --dry-run --json` prints',
    exitCode: ExitCode.usage,
    cause,
  });
}

/** @param path `-`: standard input. @param limit bytes. @throws Error of node:fs; or that says what it is: too large, no UTF-8 */
export function readText(path: string, limit: number): string {
  const fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    // Of a FIFO without a writer there is nothing to read, which would pass.
    if (fd !== 0 && !fstatSync(fd).isFile()) throw new Error('it is no regular file');
    const bytes = readBounded(fd, limit);
    if (bytes === undefined) throw new Error(`it is larger than ${limit} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}

/** @param limit bytes. @throws SecureError AUDIT_UNREADABLE: no file, too large, no UTF-8 */
export function readTextFile(path: string, limit: number): string {
  try {
    return readText(path, limit);
  } catch (error) {
    throw unreadable(path, (error as Error).message, error);
  }
}

/** The text of the file at `path`. @throws SecureError AUDIT_UNREADABLE */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(path, `it is no JSON: ${(error as Error).message}`, error);
  }
}
