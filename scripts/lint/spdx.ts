// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Problem, type Rule, sourceFiles } from './rule.ts';

const tag = 'SPDX-License-Identifier: Apache-2.0';
const named = new Set(['Makefile', 'CMakeLists.txt']);

/** Source in a language that has comments; documents and data carry the licence of the whole. */
function isCode(path: string): boolean {
  if (/\.(?:ts|mts|js|cc|c|h|cmake|sh|S)$/.test(path) || named.has(basename(path))) return true;
  return /^(?:bin|scripts|\.ci)\//.test(path) && !/\.\w+$/.test(path);
}

/** The licence is on the first line, or on the second after `#!`. */
export const spdx: Rule = {
  name: 'licence header',
  async check(root) {
    const problems: Problem[] = [];
    for (const file of await sourceFiles(root, isCode)) {
      const lines = (await readFile(join(root, file), 'utf8')).split('\n', 2);
      const line = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
      if (!line?.includes(tag)) problems.push({ file, line: 1, message: `must begin with "${tag}"` });
    }
    return problems;
  },
};
