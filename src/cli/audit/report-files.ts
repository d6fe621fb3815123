// SPDX-License-Identifier: Apache-2.0
import { lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';

/** In one directory; their names are held in memory. */
const MAX_FILES = 1_000_000;

/**
 * Files by their paths, and of directories everything that ends in .json, in the order of their names.
 * @throws SecureError AUDIT_UNREADABLE: a directory that cannot be listed, or has nothing of the kind
 */
export function* reportFiles(paths: readonly string[]): Generator<string> {
  for (const path of paths) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      yield path;
      continue;
    }
    const names: string[] = [];
    try {
      const directory = opendirSync(path);
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (entry.name.endsWith('.json')) names.push(entry.name);
        if (names.length > MAX_FILES) throw new Error(`it has more than ${MAX_FILES} reports`);
      }
      directory.closeSync();
      if (names.length === 0) throw new Error('nothing in it ends in .json');
    } catch (error) {
      throw new SecureError('AUDIT_UNREADABLE', `${path} cannot be read: ${(error as Error).message}`, {
        hint: "give reports that 'secure audit ... --format json' wrote, or directories with them",
        cause: error,
      });
    }
    for (const name of names.sort()) yield join(path, name);
  }
}
