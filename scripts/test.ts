// SPDX-License-Identifier: Apache-2.0
// Everything that has to hold, in stages, two at a time; the last line is the sum. Usage: scripts/test.ts [STAGE...]
// SECURE_MUST_WORK is 1 unless it is set: a test that skips itself counts as failed. FUZZ_SECONDS: budget per target.
import { join } from 'node:path';
import { type Counts, type Report, runExitCode, runTap, runVitest } from './test/stage.ts';

const root = join(import.meta.dirname, '..');
const fuzzSeconds = process.env.FUZZ_SECONDS ?? '10';
process.env.SECURE_MUST_WORK ??= '1';
process.chdir(root);

const node = process.execPath;

const sanitizers = {
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};

/** `beside`: by how much it gives way; what it prints comes when it is done. */
type Run = (how: { readonly beside?: number }) => Promise<Report>;
interface Stage {
  readonly run: Run;
  /** Stages that it needs what they make of. */
  readonly after?: readonly string[];
}
const vitest =
  (name: string, config: string): Run =>
  (how) =>
    runVitest(name, [node, 'node_modules/vitest/vitest.mjs', 'run', '--config', config], how);
const exitCode =
  (...argv: string[]): Run =>
  (how) =>
    runExitCode(argv, how);
const tap =
  (argv: readonly string[], env: Record<string, string> = {}): Run =>
  (how) =>
    runTap(argv, { ...how, env });

/** One after the other: they make containers, and look at what is left of them on this machine. */
const machine: Record<string, Stage> = {
  build: { run: exitCode('make', 'build') },
  // Tests of the core, and libseccomp to compare our filters with.
  'native-build': { run: exitCode('scripts/native', 'release') },
  native: { run: tap(['build/release/core_tests']) },
  integration: { run: vitest('integration', 'vitest.integration.config.ts') },
  sanitize: { run: tap(['build/sanitize/core_tests'], sanitizers), after: ['sanitize-build'] },
  fuzz: { run: tap([node, 'scripts/fuzz.ts', '--tap', fuzzSeconds]), after: ['sanitize-build'] },
};
/** Beside those, which leave a processor to spare most of the time: what only computes here. */
const beside: Record<string, Stage> = {
  lint: { run: tap([node, 'scripts/lint/main.ts', '--tap']) },
  types: { run: exitCode(node, 'node_modules/typescript/bin/tsc', '-p', '.') },
  unit: { run: vitest('unit', 'vitest.config.ts'), after: ['native-build'] },
  'sanitize-build': { run: exitCode('scripts/native', 'sanitize', '-j', '2'), after: ['native-build'] },
  // What needs another kernel than this one: guests under software emulation.
  lab: { run: tap([node, 'test/lab/main.ts']), after: ['native-build'] },
};

const known = { ...machine, ...beside };
const chosen = new Set(process.argv.length > 2 ? process.argv.slice(2) : Object.keys(known));
for (const name of chosen)
  if (known[name] === undefined) throw new Error(`no stage ${name}; there are: ${Object.keys(known).join(' ')}`);

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
const failures: string[] = [];
const start = performance.now();
const secondsSince = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);
const done = new Map<string, PromiseWithResolvers<void>>();
for (const name of chosen) done.set(name, Promise.withResolvers());

async function follow(lane: Record<string, Stage>, how: Parameters<Run>[0]): Promise<void> {
  for (const [name, { run, after = [] }] of Object.entries(lane)) {
    if (!chosen.has(name)) continue;
    await Promise.all(after.map((other) => done.get(other)?.promise));
    if (how.beside === undefined) console.log(`== ${name}`);
    const from = performance.now();
    const counts = await run(how);
    // A test that was skipped proved nothing.
    if (process.env.SECURE_MUST_WORK === '1') counts.failed += counts.skipped;
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    failures.push(...counts.failures.map((line) => `${name}: ${line.slice(0, 300)}`));
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    const seconds = secondsSince(from).padStart(7);
    rows.push(`${name.padEnd(14)}${seconds} s  ${counts.passed} passed, ${counts.failed} failed${skipped}`);
    done.get(name)?.resolve();
  }
}
await Promise.all([follow(machine, {}), follow(beside, { beside: 5 })]);

if (failures.length > 0) console.log(`== failed\n${failures.slice(0, 40).join('\n')}`);
console.log(`== stages\n${rows.join('\n')}\n${'all'.padEnd(14)}${secondsSince(start).padStart(7)} s`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
