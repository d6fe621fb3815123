// SPDX-License-Identifier: Apache-2.0
// Run every fuzz target for a while. Usage: scripts/fuzz.ts [--tap] SECONDS [TARGET...]
// Seeds come from native/fuzz/corpus/TARGET; what is found grows in build/sanitize/corpus (with --tap, a gate, it starts
// anew each time), crashes in build/sanitize/crashes.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build/sanitize');
/** Of each target, as a gate. */
const GATE_RUNS = 60_000;
const tap = process.argv.includes('--tap');
const [budget, ...wanted] = process.argv.slice(2).filter((word) => word !== '--tap');
const seconds = Number(budget);
if (!Number.isInteger(seconds) || seconds < 1) throw new Error('usage: scripts/fuzz.ts [--tap] SECONDS [TARGET...]');

const targets = readdirSync(directory)
  .filter((name) => name.endsWith('_fuzz') && (wanted.length === 0 || wanted.includes(name)))
  .sort();

/** libFuzzer's output, or undefined when it found nothing. */
function fuzz(target: string): Promise<string | undefined> {
  const corpus = join(directory, tap ? 'gate' : 'corpus', target);
  if (tap) rmSync(corpus, { recursive: true, force: true });
  const crashes = join(directory, 'crashes');
  const seeds = join(root, 'native/fuzz/corpus', target);
  mkdirSync(corpus, { recursive: true });
  mkdirSync(crashes, { recursive: true });
  const limits = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=1024', '-max_len=65536', '-verbosity=0'];
  // As a gate it walks the same way every time, and no further on a fast machine than on a slow one, so that what stops a
  // change is of that change; `make fuzz` explores.
  const seed = tap ? ['-seed=1', `-runs=${GATE_RUNS}`] : [];
  const args = [
    ...limits,
    ...seed,
    `-artifact_prefix=${crashes}/${target}-`,
    corpus,
    ...(existsSync(seeds) ? [seeds] : []),
  ];
  return new Promise((resolve) => {
    const child = spawn(join(directory, target), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8192);
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? undefined : output));
  });
}

if (tap) console.log(`TAP version 13\n1..${targets.length}`);
const queue = [...targets.entries()];
async function worker(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [index, target] = next;
    const problem = await fuzz(target);
    if (problem !== undefined) process.exitCode = 1;
    console.log(`${problem === undefined ? 'ok' : 'not ok'} ${index + 1} - ${target}, ${seconds} s`);
    if (problem !== undefined) console.log(problem.trimEnd().replace(/^/gm, '#   '));
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker));
