// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tapCounts, tapFailures, vitestCounts, vitestFailures } from './counts.ts';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a stage found; `failures` has a line for each test that failed, as far as they are known by name. */
export interface Report extends Counts {
  failures: string[];
}

// No stage may hold the whole run; the longest takes twenty minutes on two cores.
const stageTimeoutMs = 45 * 60_000;

const orphanTimeoutMs = 10_000;

export interface How {
  /** Set: it gives way to others by so much (nice), and what it prints comes when it is done. */
  readonly beside?: number;
  readonly env?: Readonly<Record<string, string>>;
}

interface Outcome {
  /** null: killed by a signal or never started. */
  exitCode: number | null;
  stdout: string;
}

/** Of every program that runs now. */
const running = new Set<(signal: NodeJS.Signals) => void>();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const end of running) end('SIGTERM');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });

/** Run a program in a process group of its own, so that it and all it started can be ended together. */
function run(argv: readonly string[], { beside, env }: How, echo: boolean): Promise<Outcome> {
  const [program = '', ...args] = beside === undefined ? argv : ['nice', '-n', String(beside), ...argv];
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const end = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // Nobody is left in the group.
      }
    };
    const timer = setTimeout(() => {
      console.log(`${argv.join(' ')}: took longer than ${stageTimeoutMs / 1000} s`);
      end('SIGKILL');
    }, stageTimeoutMs);
    running.add(end);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (echo && beside === undefined) process.stdout.write(text);
    });
    let leftBehind: NodeJS.Timeout | undefined;
    const done = (exitCode: number | null): void => {
      clearTimeout(timer);
      clearTimeout(leftBehind);
      running.delete(end);
      if (echo && beside !== undefined) process.stdout.write(stdout);
      resolve({ exitCode, stdout });
    };
    child.on('error', (error) => {
      console.log(`${program}: ${error.message}`);
      done(null);
    });
    child.on('exit', () => {
      // A program that crashed may leave children that hold its output open for as long as they live.
      leftBehind = setTimeout(() => {
        console.log(`${program}: ended, but what it started did not; it is killed`);
        end('SIGKILL');
        child.stdout.destroy();
        done(null);
      }, orphanTimeoutMs);
    });
    child.on('close', done);
  });
}

/** A program that only succeeds or fails. */
export async function runExitCode(argv: readonly string[], how: How = {}): Promise<Report> {
  const { exitCode } = await run(argv, how, true);
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0, failures: [] };
}

/** A program that prints TAP; only what failed is shown. */
export async function runTap(argv: readonly string[], how: How = {}): Promise<Report> {
  const { exitCode, stdout } = await run(argv, how, false);
  const counts = tapCounts(stdout, exitCode);
  if (counts.failed > 0) {
    // Passed points and the names of tests about to run are left out, except the last: it may have crashed.
    const lines = stdout.trimEnd().split('\n');
    console.log(
      lines.filter((line, index) => index === lines.length - 1 || /^(?:not ok|# {3}|Bail)/.test(line)).join('\n'),
    );
  }
  return { ...counts, failures: tapFailures(stdout) };
}

/** Vitest: its own report on the terminal, the numbers from its JSON report. */
export async function runVitest(name: string, argv: readonly string[], how: How = {}): Promise<Report> {
  const report = `build/test/${name}.json`;
  await mkdir('build/test', { recursive: true });
  await rm(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { exitCode } = await run([...argv, ...reporters], how, true);
  const text = await readFile(report, 'utf8').catch(() => '');
  return { ...vitestCounts(text, exitCode), failures: vitestFailures(text) };
}
