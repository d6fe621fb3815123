// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Problem, type Rule, sourceFiles } from './rule.ts';

/** Shell scripts parse in the shell that their first line names. */
export const shell: Rule = {
  name: 'shell syntax',
  async check(root) {
    const problems: Problem[] = [];
    for (const file of await sourceFiles(root, (path) => /\.sh$/.test(path) || !/\.\w+$/.test(path))) {
      const first = (await readFile(join(root, file), 'utf8')).split('\n', 1)[0] ?? '';
      const interpreter = /^#!\s*(?:\/usr\/bin\/env\s+|\/(?:usr\/)?bin\/)(sh|bash)\b/.exec(first)?.[1];
      if (interpreter === undefined) continue;
      const { status, stderr, error } = spawnSync(interpreter, ['-n', join(root, file)], { encoding: 'utf8' });
      if (error !== undefined) problems.push({ file, message: `${interpreter} cannot be run: ${error.message}` });
      else if (status !== 0) problems.push({ file, message: stderr.trim().split('\n')[0] ?? 'does not parse' });
    }
    return problems;
  },
};
