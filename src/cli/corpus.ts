// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';

/** What build files are called. */
export const BUILD_FILE = /^(?:(?:.+\.)?(?:Dockerfile|Containerfile)|(?:Dockerfile|Containerfile)\..+)$/;
const FILES = new RegExp(`${BUILD_FILE.source}|^.+\\.(?:json|ya?ml)$`);
const MOST = 100_000;

/**
 * Build files, manifests and plans below a directory, by path; links are not followed.
 * @throws SecureError AUDIT_UNREADABLE, LIMIT_EXCEEDED
 */
export function corpusFiles(directory: string): string[] {
  let entries: { parentPath: string; name: string }[];
  try {
    entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && FILES.test(entry.name),
    );
  } catch (cause) {
    throw new SecureError('AUDIT_UNREADABLE', `${directory} cannot be read: ${(cause as Error).message}`, {
      hint: 'give a directory with build files, manifests and plans',
      exitCode: ExitCode.usage,
      cause,
    });
  }
  if (entries.length > MOST)
    throw new SecureError('LIMIT_EXCEEDED', `${directory} has more than ${MOST} files to look at`, {
      hint: 'give a smaller one',
    });
  return entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

/** What compose looks for, and what is merged with it. */
export const COMPOSE_FILE = /^(?:docker-)?compose(?:\..+)?\.(?:ya?ml|json)$/;

/** What cannot be looked at, a loop of links among it, is none: who reads it as a file says why it cannot. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * The path itself, or the files below the directory that it is whose names match.
 * @throws SecureError AUDIT_UNREADABLE, LIMIT_EXCEEDED
 */
export function filesOf(path: string, names: RegExp): string[] {
  if (!isDirectory(path)) return [path];
  return corpusFiles(path).filter((file) => names.test(basename(file)));
}
