// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Problem {
  /** Relative to the root. */
  file: string;
  line?: number;
  message: string;
}

/** One thing that the sources must hold to. `check` looks at the tree below `root` and returns what does not. */
export interface Rule {
  name: string;
  check(root: string): Promise<Problem[]>;
}

// What a build or an installation puts there, and data of tests, which may be anything.
const ignored = new Set(['.git', 'node_modules', 'build', 'dist', 'out', 'fixtures', 'third_party']);

/** Files below `root` as sorted relative paths, without generated and fixture directories and without symlinks. */
export async function sourceFiles(root: string, matches: (path: string) => boolean = () => true): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory() && !ignored.has(entry.name)) await walk(path);
      else if (entry.isFile() && matches(path)) found.push(path);
    }
  };
  await walk('');
  return found.sort();
}
