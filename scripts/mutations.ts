// SPDX-License-Identifier: Apache-2.0
// Every mutation of test/escape/mutations.ts, built beside the tree and given to the tests that must catch it. Prints the table
// of docs/escapes.md. Usage: scripts/mutations.ts [PART_OF_A_ROW...]
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MUTATIONS, type Mutation } from '../test/escape/mutations.ts';

const root = join(import.meta.dirname, '..');
const place = join(root, 'build/mutations');
const source = join(place, 'native');
// As deep as the build of the tree itself, so that a compiler cache takes its objects for the same.
const objects = join(place, 'build/release');
const binary = join(objects, 'secure-runtime');

const build = () => spawnSync('ninja', ['-C', objects, '--quiet', 'secure-runtime'], { encoding: 'utf8' });

/**
 * A test that a weakened runtime fails does not take back what should never have been made: processes of that runtime are ended, and
 * their groups removed.
 */
function takeBack(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // By its arguments: it runs from a clone of its mount, which has no path.
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] !== binary) continue;
      const paths = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
      const groups = [...new Set(paths.map((line) => line.split(':').slice(2).join(':')))].filter(
        (path) => path.length > 1,
      );
      process.kill(Number(pid), 'SIGKILL');
      leftGroups.push(...groups);
    } catch {
      // It has ended by itself.
    }
  }
}

const leftGroups: string[] = [];

/** Groups empty themselves a moment after their processes were killed. */
async function removeGroups(): Promise<void> {
  const paths = readdirSync('/sys/fs/cgroup').flatMap((name) =>
    leftGroups.map((group) => join('/sys/fs/cgroup', name, group)),
  );
  for (let tries = 0; tries < 40 && paths.some((path) => existsSync(path)); tries++) {
    for (const path of paths.filter((path) => existsSync(path))) {
      try {
        rmdirSync(path);
      } catch {
        await delay(50);
      }
    }
  }
}

/** Full names of the tests of a file that pass and fail with the runtime that was just built. */
function test(file: string, names: readonly string[]): { passed: string[]; failed: string[] } {
  const report = join(place, 'report.json');
  rmSync(report, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.integration.config.ts'];
  const output = ['--reporter=json', `--outputFile=${report}`];
  spawnSync(process.execPath, [...vitest, `test/escape/${file}`, '-t', names.join('|'), ...output], {
    cwd: root,
    env: { ...process.env, SECURE_RUNTIME: binary, SECURE_MUST_WORK: '1' },
    stdio: 'ignore',
    timeout: 300_000,
  });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[];
  };
  const of = (wanted: string) =>
    testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === wanted).map(({ fullName }) => fullName),
    );
  return { passed: of('passed'), failed: of('failed') };
}

/** What became of it, empty when its tests have caught it. */
function attempt({ file, from, to, test: tests }: Mutation): string {
  const path = join(source, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) return 'its line is not there any more';
  try {
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    const built = build();
    if (built.status !== 0) return `does not build: ${(built.stdout ?? String(built.error)).slice(-600)}`;
    return test(tests[0], [tests[1]]).failed.length > 0 ? '' : 'NOT CAUGHT';
  } finally {
    takeBack();
    writeFileSync(path, text);
  }
}

const wanted = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ rows }) => wanted.length === 0 || wanted.some((part) => rows.join().includes(part)));
mkdirSync(place, { recursive: true });
rmSync(source, { recursive: true, force: true });
// With their times, so that only what is changed is compiled again.
cpSync(join(root, 'native'), source, { recursive: true, preserveTimestamps: true });
// But for these, of which an interrupted run may have left weak objects.
const now = new Date();
for (const { file } of MUTATIONS) utimesSync(join(source, file), now, now);
execFileSync(
  'cmake',
  ['-G', 'Ninja', '-S', source, '-B', objects, '-DCMAKE_BUILD_TYPE=Release', '-DSECURE_ADDON=OFF'],
  {
    stdio: 'ignore',
  },
);
const first = build();
if (first.status !== 0) throw new Error(first.stdout);
// A test that fails anyway catches nothing, and one that is not there neither.
const passes: string[] = [];
const fails: string[] = [];
for (const file of new Set(chosen.map(({ test: [name] }) => name))) {
  const names = chosen.filter(({ test: [name] }) => name === file).map(({ test: [, part] }) => part);
  const { passed, failed } = test(file, names);
  passes.push(...passed);
  fails.push(...failed);
}
const useless = (name: string) =>
  fails.some((full) => full.includes(name)) || !passes.some((full) => full.includes(name));
console.log('| what was exploited | weakened, the runtime … | tests that fail then | result |\n|---|---|---|---|');
for (const mutation of chosen) {
  const problem = useless(mutation.test[1]) ? 'its test does not pass without it' : attempt(mutation);
  if (problem !== '') process.exitCode = 1;
  const { rows, weakness, test: tests } = mutation;
  console.log(
    `| ${rows.join(', ')} | ${weakness} | \`${tests[0]}\`: ${tests[1]} | ${problem === '' ? 'caught' : problem} |`,
  );
}
await removeGroups();
