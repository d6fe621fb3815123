// SPDX-License-Identifier: Apache-2.0
// Timing of whole programs, side by side.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const RUNS = 60;

export interface Contender {
  name: string;
  /** Shell-free argv. */
  argv: readonly string[];
}

interface Timing {
  command: string;
  median: number;
  mean: number;
  min: number;
  max: number;
}

/** Wall-clock time of each, RUNS times after a warm-up; seconds. A run that fails is an error. */
export function hyperfine(
  directory: string,
  contenders: readonly Contender[],
  env: NodeJS.ProcessEnv = process.env,
): Timing[] {
  const out = join(directory, 'timing.json');
  const quote = (argv: readonly string[]) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const names = contenders.flatMap((c) => ['--command-name', c.name]);
  execFileSync(
    'hyperfine',
    [
      '-N',
      '--warmup',
      '5',
      '--runs',
      String(RUNS),
      '--export-json',
      out,
      ...names,
      ...contenders.map((c) => quote(c.argv)),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env },
  );
  return (JSON.parse(readFileSync(out, 'utf8')) as { results: Timing[] }).results;
}

/** A table with what each costs in terms of `ours`. */
export function print(title: string, timings: readonly Timing[], ours: string): void {
  const mine = timings.find((t) => t.command === ours)?.median ?? Number.NaN;
  const ms = (seconds: number) => (seconds * 1000).toFixed(1).padStart(8);
  console.log(`\n${title}\n  ${''.padEnd(26)}  median     mean      min      max  (ms, ${RUNS} runs)   times ours`);
  for (const t of timings)
    console.log(
      `  ${t.command.padEnd(26)}${ms(t.median)} ${ms(t.mean)} ${ms(t.min)} ${ms(t.max)}${(t.median / mine).toFixed(2).padStart(29)}`,
    );
}
