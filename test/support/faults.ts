// SPDX-License-Identifier: Apache-2.0
// secure-runtime with one system call that fails, or killed at one: see test/integration/fixtures/faults.c.
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';

export interface Answer {
  /** Exit code, or 128+n when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** What happens at a call: it fails with this error, or its process is killed. */
export type Fault = 'kill' | 'EIO' | 'ENOMEM' | 'EPERM';
export interface Point {
  readonly process: number;
  readonly call: number;
  readonly fault: Fault;
}
export interface Traced extends Answer {
  readonly end: 'exit' | 'signal' | 'hang';
  readonly value: number;
  /** Number of the call that failed; undefined when it was never made. */
  readonly failed: number | undefined;
  readonly calls: readonly { readonly process: number; readonly number: number }[];
  readonly processes: readonly { readonly pid: number; readonly start: string }[];
}

export const mounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort().join('\n');

/** Started at this time (field 22 of /proc/PID/stat), and not merely waiting to be noticed. */
function alive(pid: number, start: string): boolean {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] !== 'Z' && fields[0] !== 'X' && fields[19] === start;
  } catch {
    return false;
  }
}

export class Faults {
  readonly root = mkdtempSync(join(tmpdir(), 'secure-faults-'));
  readonly state = join(this.root, 'state');
  /** A copy, so that its processes can be told from those of anything else on the machine. */
  readonly runtime = join(this.root, 'secure-runtime');
  readonly #tool = join(this.root, 'faults');
  readonly #hierarchies: readonly string[];
  #calls = 0;

  constructor() {
    copyFileSync(runtimeBinary(), this.runtime);
    mkdirSync(this.state, { mode: 0o700 });
    const source = join(import.meta.dirname, '../integration/fixtures/faults.c');
    execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-static', '-o', this.#tool, source]);
    this.#hierarchies = mounts()
      .split('\n')
      .filter((line) => / - cgroup2? /.test(line))
      .map((line) => line.split(' ')[4] as string);
  }

  // Into files: a container that goes on has the streams of its `create`, and a pipe would end only with it.
  #exec(program: string, args: readonly string[]): Promise<Answer> {
    this.#calls += 1;
    const [out, err] = ['out', 'err'].map((name) => join(this.root, `${name}-${this.#calls}`)) as [string, string];
    const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')];
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['ignore', stdout, stderr], timeout: 60_000 });
      closeSync(stdout);
      closeSync(stderr);
      child.on('error', reject);
      child.on('exit', (status, signal) => {
        const code = status ?? 128 + constants.signals[signal as NodeJS.Signals];
        const read = (path: string) => {
          const text = readFileSync(path, 'utf8');
          rmSync(path);
          return text;
        };
        resolve({ code, stdout: read(out), stderr: read(err) });
      });
    });
  }

  call(...args: string[]): Promise<Answer> {
    return this.#exec(this.runtime, ['--root', this.state, ...args]);
  }

  /** With `also`, the process of that pid is followed too, as process 1. */
  async traced(args: readonly string[], point?: Point, also?: number): Promise<Traced> {
    this.#calls += 1;
    const file = join(this.root, `result-${this.#calls}`);
    const error =
      point === undefined ? 'count' : point.fault === 'kill' ? 'kill' : String(constants.errno[point.fault]);
    const place = [
      String(point?.process ?? 0),
      String(point?.call ?? 0),
      ...(also === undefined ? [] : [String(also)]),
    ];
    const answer = await this.#exec(this.#tool, [
      file,
      error,
      ...place,
      '--',
      this.runtime,
      '--root',
      this.state,
      ...args,
    ]);
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(' '));
    rmSync(file);
    const of = (kind: string) => lines.filter(([word]) => word === kind);
    const [, end, value] = of('end')[0] ?? [];
    if (answer.code !== 0 || end === undefined) throw new Error(`the tracer failed: ${answer.code} ${answer.stderr}`);
    const failed = of('done')[0]?.[2];
    return {
      ...answer,
      end: end as Traced['end'],
      value: Number(value),
      failed: failed === undefined ? undefined : Number(failed),
      calls: of('call').map(([, process, number]) => ({ process: Number(process), number: Number(number) })),
      processes: of('process').map(([, , pid, start]) => ({ pid: Number(pid), start: start as string })),
    };
  }

  /** What there is of a container, once what is ending has ended; `since`: the mounts before it. */
  async left(id: string, processes: Traced['processes'], since: string): Promise<string[]> {
    const changed = () => {
      const [before, now] = [since, mounts()].map((text) => text.split('\n')) as [string[], string[]];
      return [...now.filter((line) => !before.includes(line)), ...before.filter((line) => !now.includes(line))];
    };
    const look = () => [
      ...this.#hierarchies.map((mount) => join(mount, `secure-oci-${id}`)).filter((path) => existsSync(path)),
      ...(existsSync(join(this.state, id)) ? [join(this.state, id)] : []),
      ...processes.filter(({ pid, start }) => alive(pid, start)).map(({ pid }) => `process ${pid}`),
      ...changed().map((line) => `a mount: ${line}`),
    ];
    for (let i = 0; i < 100 && look().length > 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    return look();
  }

  /** Processes of the copy of the runtime, or of a program with this inode. */
  processes(program: string): string[] {
    const wanted = [this.runtime, program].map((path) => statSync(path).ino);
    return readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && wanted.includes(statSync(`/proc/${name}/exe`).ino);
      } catch {
        return false;
      }
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Several at once: most of the time they wait for the kernel. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>, workers = 4): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
