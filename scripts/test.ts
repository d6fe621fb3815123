// SPDX-License-Identifier: Apache-2.0
// Everything that has to hold, in stages; the last line is the sum. Usage: scripts/test.ts [STAGE...]
// SECURE_MUST_WORK is 1 unless it is set: a test that skips itself counts as failed. FUZZ_SECONDS: budget per target.
import { join } from 'node:path';
import { type Counts, type Report, runExitCode, runTap, runVitest } from './test/stage.ts';

const root = join(import.meta.dirname, '..');
const fuzzSeconds = process.env.FUZZ_SECONDS ?? '10';
process.env.SECURE_MUST_WORK ??= '1';
process.chdir(root);

const node = process.execPath;
const vitest = (name: string, config: string) => () =>
  runVitest(name, [node, 'node_modules/vitest/vitest.mjs', 'run', '--config', config]);

const sanitizers = {
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};

const stages: Record<string, () => Promise<Report>> = {
  build: () => runExitCode(['make', 'build']),
  lint: () => runTap([node, 'scripts/lint/main.ts', '--tap']),
  types: () => runExitCode([node, 'node_modules/typescript/bin/tsc', '-p', '.']),
  // Tests of the core, and libseccomp to compare our filters with.
  'native-build': () => runExitCode(['scripts/native', 'release']),
  unit: vitest('unit', 'vitest.config.ts'),
  native: () => runTap(['build/release/core_tests']),
  'sanitize-build': () => runExitCode(['scripts/native', 'sanitize']),
  sanitize: () => runTap(['build/sanitize/core_tests'], sanitizers),
  fuzz: () => runTap([node, 'scripts/fuzz.ts', '--tap', fuzzSeconds]),
  integration: vitest('integration', 'vitest.integration.config.ts'),
  // What needs another kernel than this one: guests under software emulation.
  lab: () => runTap([node, 'test/lab/main.ts']),
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(stages);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
const failures: string[] = [];
for (const name of chosen) {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}; there are: ${Object.keys(stages).join(' ')}`);
  console.log(`== ${name}`);
  const start = performance.now();
  const counts = await stage();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  // A test that was skipped proved nothing.
  if (process.env.SECURE_MUST_WORK === '1') counts.failed += counts.skipped;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  failures.push(...counts.failures.map((line) => `${name}: ${line.slice(0, 300)}`));
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  rows.push(`${name.padEnd(14)}${seconds.padStart(7)} s  ${counts.passed} passed, ${counts.failed} failed${skipped}`);
}
if (failures.length > 0) console.log(`== failed\n${failures.slice(0, 40).join('\n')}`);
console.log(`== stages\n${rows.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
