// SPDX-License-Identifier: Apache-2.0
// A user without root who exists in one mount namespace only: passwd, subuid and subgid are files bound over those of this machine, which
// is left as it is.

import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CLI_PATH } from './cli.ts';
import { cannotRun, type Result } from './secure.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

/** User and group of the user, and where their further ids begin. */
export const USER = 21_057;
export const FIRST = 1_700_000_000;
export const OTHER_USER = 21_058;

export interface Host {
  readonly subuid?: string;
  readonly subgid?: string;
  /** Files of the host that another one lies over. */
  readonly over?: Readonly<Record<string, string>>;
  /** Words before the user's program, such as those of setpriv. */
  readonly before?: readonly string[];
  readonly user?: number;
}

export interface RootlessOptions extends Host {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

/** With SECURE_MUST_WORK=1 a missing program is a failure. */
export const cannotRunRootless = (): boolean =>
  cannotRun() || (process.env.SECURE_MUST_WORK !== '1' && !existsSync('/usr/bin/newuidmap'));

const SCRIPT = `set -e
d=$1; user=$2; shift 2
mount --bind "$CHECKOUT" "$d/checkout"
for name in passwd subuid subgid; do mount --bind "$d/etc/$name" "/etc/$name"; done
while [ "$1" != -- ]; do mount --bind "$2" "$1"; shift 2; done
shift
exec setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all "$@"`;

export class Rootless {
  /** Everybody can come in here. */
  readonly root = mkdtempSync(join(tmpdir(), 'secure-rootless-'));
  readonly home = join(this.root, 'home');
  readonly data = join(this.home, '.local/share');
  readonly store = join(this.data, 'secure');

  constructor() {
    chmodSync(this.root, 0o755);
    for (const name of ['etc', 'checkout']) mkdirSync(join(this.root, name));
    for (const path of [this.home, join(this.home, 'run')]) this.own(path);
    const passwd = readFileSync('/etc/passwd', 'utf8');
    const mine = `somebody:x:${USER}:${USER}::${this.home}:/bin/sh\nelse:x:${OTHER_USER}:${OTHER_USER}::/:/bin/sh\n`;
    writeFileSync(join(this.root, 'etc/passwd'), passwd + mine);
  }

  /** A directory of the user's. */
  own(path: string, mode = 0o700): string {
    mkdirSync(path);
    chmodSync(path, mode);
    chownSync(path, USER, USER);
    return path;
  }

  words(program: readonly string[], options: RootlessOptions = {}): [string, string[]] {
    const line = `somebody:${FIRST}:65536\n`;
    writeFileSync(join(this.root, 'etc/subuid'), options.subuid ?? line);
    writeFileSync(join(this.root, 'etc/subgid'), options.subgid ?? line);
    const over = Object.entries(options.over ?? {}).flat();
    const set = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      SCRIPT,
      'sh',
      this.root,
      String(options.user ?? USER),
      ...over,
      '--',
    ];
    const env = {
      HOME: this.home,
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      XDG_RUNTIME_DIR: join(this.home, 'run'),
      ...options.env,
    };
    const assigned = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return ['env', [`CHECKOUT=${CHECKOUT}`, ...set, ...(options.before ?? []), 'env', '-i', ...assigned, ...program]];
  }

  /** `secure ARGS`, for `words`. */
  cli(args: readonly string[]): string[] {
    const checkout = join(this.root, 'checkout');
    const node = relative(CHECKOUT, process.execPath);
    const program = node.startsWith('..') ? process.execPath : join(checkout, node);
    return [program, '--', join(checkout, CLI_PATH), ...args];
  }

  /** `secure ARGS` as the user. */
  call(args: readonly string[], options: RootlessOptions = {}): Promise<Result> {
    return this.program(this.cli(args), options);
  }

  run(...args: readonly string[]): Promise<Result> {
    return this.call(args);
  }

  /** Any program as the user. */
  program(program: readonly string[], options: RootlessOptions = {}): Promise<Result> {
    const [command, words] = this.words(program, options);
    return new Promise((resolve) => {
      const settings = { cwd: options.cwd ?? this.home, maxBuffer: 1 << 26 };
      const child = execFile(command, words, settings, (error, stdout, stderr) => {
        const code = error?.signal == null ? Number(error?.code ?? 0) : 128;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end(options.input ?? '');
    });
  }

  destroy(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The id on disk of one in an image. */
export const outside = (id: number): number => (id === 0 ? USER : FIRST + id - 1);
