// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Problem, type Rule, sourceFiles } from './rule.ts';

/**
 * What programs wrote is what they would write now. Each generator is `scripts/generate/NAME.ts`; with `--check` it
 * writes nothing, prints each stale file on a line of its own and exits with 1.
 */
export const generated: Rule = {
  name: 'generated files are fresh',
  async check(root) {
    const problems: Problem[] = [];
    for (const file of await sourceFiles(root, (path) => /^scripts\/generate\/[^/]+\.ts$/.test(path))) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, file), '--check'], {
        cwd: root,
        encoding: 'utf8',
      });
      if (status === 0) continue;
      const stale = stdout.split('\n').filter((line) => line !== '');
      if (stale.length === 0) problems.push({ file, message: `failed: ${stderr.trim().split('\n').at(-1)}` });
      for (const path of stale) problems.push({ file: path, message: `is stale: run scripts/node ${file}` });
    }
    return problems;
  },
};
