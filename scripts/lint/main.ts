// SPDX-License-Identifier: Apache-2.0
// Run every rule over the sources. With `--tap` the result is TAP, one point per rule, else one line per problem.
import { join } from 'node:path';
import { biome } from './biome.ts';
import { deps } from './deps.ts';
import { generated } from './generated.ts';
import { paths } from './paths.ts';
import type { Rule } from './rule.ts';
import { shell } from './shell.ts';
import { size } from './size.ts';
import { spdx } from './spdx.ts';

const rules: readonly Rule[] = [biome, deps, size, spdx, shell, paths, generated];
const root = join(import.meta.dirname, '../..');
const tap = process.argv.includes('--tap');

if (tap) console.log(`TAP version 13\n1..${rules.length}`);
for (const [index, rule] of rules.entries()) {
  const problems = await rule.check(root);
  if (problems.length > 0) process.exitCode = 1;
  if (tap) console.log(`${problems.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${rule.name}`);
  for (const { file, line, message } of problems)
    console.log(`${tap ? '#   ' : ''}${file}:${line === undefined ? '' : `${line}:`} ${message} [${rule.name}]`);
}
