// SPDX-License-Identifier: Apache-2.0
// The real command line on the real kernel: one instance with its own state, run state and a busybox image.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import type { Container } from '../../src/runtime/containers/containers.ts';
import { CLI } from './cli.ts';
import { NetNs } from './netns.ts';
import { busyboxLayout } from './oci.ts';

export interface Result {
  /** Exit code, or 128+n when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface CallOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** User and group id of the process. */
  readonly uid?: number;
}

/** SIGKILL, SIGTERM and the like by number, for 128+n. */
const NUMBER: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** True where containers cannot be run, so that such tests are skipped; with SECURE_MUST_WORK=1 they fail instead. */
export function cannotRun(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  try {
    runtimeBinary();
    return process.geteuid?.() !== 0;
  } catch {
    return true;
  }
}

/** Another user who may read everything: the checkout may lie in a home directory that is closed to others. */
function asUser(uid: number): string[] {
  const read = '-all,+dac_read_search';
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    `--inh-caps=${read}`,
    `--ambient-caps=${read}`,
  ];
}

export class Secure {
  readonly root = mkdtempSync(join(tmpdir(), 'secure-it-'));
  readonly env: Readonly<Record<string, string>>;
  /** Where all its commands run; undefined: the host's network namespace. */
  readonly netns: NetNs | undefined;
  readonly #owned: boolean;

  private constructor(netns: NetNs | undefined, owned: boolean) {
    this.netns = netns;
    this.#owned = owned;
    this.env = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: this.root,
      SECURE_STATE_ROOT: join(this.root, 'state'),
      SECURE_RUN_ROOT: join(this.root, 'run'),
      ...(process.env.SECURE_RUNTIME === undefined ? {} : { SECURE_RUNTIME: process.env.SECURE_RUNTIME }),
    };
  }

  /**
   * An instance with `localhost/busybox`, made from the static busybox of this machine. Its containers' networks are in a
   * namespace of its own unless one is given; `host` is for what needs the world outside.
   */
  static async create({ netns }: { netns?: NetNs | 'host' } = {}): Promise<Secure> {
    const own = netns === undefined ? await NetNs.create({ sharedMounts: true }) : undefined;
    const secure = new Secure(netns === 'host' ? undefined : (netns ?? own), own !== undefined);
    const layout = busyboxLayout(join(secure.root, 'layout'));
    const imported = await secure.run('image', 'import', layout.directory, '--name', 'busybox');
    if (imported.code !== 0) {
      await secure.destroy();
      throw new Error(`image import: ${imported.stderr}`);
    }
    return secure;
  }

  /** Program and arguments of a command in its network namespace. */
  words(words: readonly string[], cwd = this.root): [string, ...string[]] {
    const [program = '', ...rest] = words;
    return this.netns?.words(words, cwd) ?? [program, ...rest];
  }

  /** What secure-runtime says about containers, without Node in between: some of it lasts a moment. */
  native(...args: readonly string[]): string {
    return execFileSync(runtimeBinary(), ['container', ...args], { env: this.env, encoding: 'utf8' });
  }

  state(name: string): Container {
    return JSON.parse(this.native('state', name)) as Container;
  }

  /** None of its containers is left. */
  async removeContainers(): Promise<void> {
    const ids = await this.containers();
    if (ids.length > 0) await this.run('rm', '-f', ...ids);
  }

  /** Run to the end. */
  run(...args: readonly string[]): Promise<Result> {
    return this.call(args, {});
  }

  call(args: readonly string[], { input, env = {}, cwd = this.root, uid }: CallOptions): Promise<Result> {
    return new Promise((resolve) => {
      const options = {
        cwd,
        env: { ...this.env, ...env },
        maxBuffer: 1 << 26,
      };
      const user = uid === undefined ? [] : asUser(uid);
      const [program, ...words] = this.words([...user, process.execPath, '--', CLI, ...args], cwd);
      const child = execFile(program, words, options, (error, stdout, stderr) => {
        const signal = NUMBER[error?.signal ?? ''];
        const code = signal === undefined ? Number(error?.code ?? 0) : 128 + signal;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end(input ?? '');
    });
  }

  /** Start and leave running. */
  start(...args: readonly string[]): ChildProcess {
    const [program, ...words] = this.words([process.execPath, '--', CLI, ...args]);
    return spawn(program, words, {
      cwd: this.root,
      env: this.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** The same with a terminal on all three streams, which script(1) brings. */
  terminal(...args: readonly string[]): Promise<Result> {
    const quoted = [process.execPath, '--', CLI, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const [program, ...words] = this.words(['script', '-qec', quoted, '/dev/null']);
    return new Promise((resolve) => {
      execFile(program, words, { cwd: this.root, env: this.env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  /** A shell script whose `"$@"` is the command line's program. */
  shell(script: string): Promise<Result> {
    const [program, ...words] = this.words(['sh', '-c', script, 'sh', process.execPath, '--', CLI]);
    return new Promise((resolve) => {
      execFile(program, words, { cwd: this.root, env: this.env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  /** `run -d` and the container's id. */
  async detached(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('run', '-d', ...args);
    if (code !== 0) throw new Error(`run -d: ${code} ${stderr}`);
    return stdout.trim();
  }

  /** What `--json` printed. */
  async json(...args: readonly string[]): Promise<Record<string, unknown>> {
    const { stdout } = await this.run(...args, '--json');
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Ids of all containers. */
  async containers(): Promise<string[]> {
    return (await this.run('ps', '-aq', '--no-trunc')).stdout.split('\n').filter(Boolean);
  }

  /** Leave nothing behind. */
  async destroy(): Promise<void> {
    const ids = await this.containers();
    if (ids.length > 0) await this.run('rm', '-f', ...ids);
    if (this.#owned) await this.netns?.destroy();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Ask again until it is true; an Error after `seconds`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`did not happen within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The code in `secure: CODE: message`, or of the JSON error that secure-runtime or a `--json` call printed. */
export function errorCode({ stdout, stderr }: Result): string | undefined {
  const text = /^secure: ([A-Z_]+): /m.exec(stderr)?.[1] ?? /^secure-runtime: error ([A-Z_]+): /m.exec(stderr)?.[1];
  if (text !== undefined) return text;
  for (const candidate of [stdout, stderr.split('\n').at(-2) ?? '']) {
    try {
      const value = JSON.parse(candidate) as { code?: string; error?: { code?: string } };
      return value.error?.code ?? value.code;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}
