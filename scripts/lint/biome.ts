// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import type { Rule } from './rule.ts';

/** Formatting and the recommended rules, as configured in biome.json. */
export const biome: Rule = {
  name: 'biome',
  async check(root) {
    const program = join(root, 'node_modules', '@biomejs', `cli-linux-${process.arch}`, 'biome');
    const { status, stdout, stderr, error } = spawnSync(
      program,
      ['check', '--reporter=github', '--max-diagnostics=200', '--diagnostic-level=error'],
      { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 },
    );
    if (error !== undefined) return [{ file: 'biome.json', message: `biome cannot be run: ${error.message}` }];
    if (status === 0) return [];
    const problems = [...stdout.matchAll(/^::error title=([^,]*),file=([^,]*),line=(\d+),[^:]*::(.*)$/gm)].map(
      (match) => ({
        file: relative(root, match[2] ?? ''),
        line: Number(match[3]),
        message: `${match[4]} (${match[1]})`,
      }),
    );
    return problems.length > 0 ? problems : [{ file: 'biome.json', message: stderr.trim() || stdout.trim() }];
  },
};
