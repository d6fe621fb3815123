// SPDX-License-Identifier: Apache-2.0
// Plain OCI bundles, as an engine would write them, without a user namespace: root inside is root outside, so nothing but
// the runtime's care stands between a hostile root file system and the host.
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';

export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}
export interface Config {
  process: Record<string, unknown> & { args: string[]; cwd: string; env: string[] };
  mounts: Mount[];
  hostname?: string;
  linux: Record<string, unknown> & { namespaces: { type: string }[]; maskedPaths: string[]; resources: unknown };
}

const quiet = ['nosuid', 'noexec', 'nodev'];
const KEPT = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_KILL', 'CAP_MKNOD', 'CAP_SETGID', 'CAP_SETUID'];

export class Bundle {
  readonly directory = mkdtempSync(join(tmpdir(), 'secure-bundle-'));
  readonly rootfs = join(this.directory, 'rootfs');
  readonly id = `escape-${process.pid}-${this.directory.slice(-6)}`;

  /** A root with busybox, and `program` as /bin/attack. */
  constructor(program?: string) {
    for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
      mkdirSync(join(this.rootfs, name), { recursive: true });
    cpSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    for (const name of [
      'sh',
      'cat',
      'ls',
      'stat',
      'true',
      'mknod',
      'sleep',
      'wc',
      'grep',
      'hostname',
      'kill',
      'readlink',
      'sed',
    ])
      symlinkSync('busybox', join(this.rootfs, 'bin', name));
    if (program !== undefined) cpSync(program, join(this.rootfs, 'bin/attack'));
  }

  /** Write its config.json, changed. */
  write(args: readonly string[], change: (config: Config) => void = () => {}): void {
    const config: Config & Record<string, unknown> = {
      ociVersion: '1.2.0',
      process: {
        user: { uid: 0, gid: 0 },
        args: [...args],
        env: ['PATH=/bin'],
        cwd: '/',
        capabilities: { bounding: KEPT, effective: KEPT, permitted: KEPT },
        noNewPrivileges: true,
      },
      root: { path: 'rootfs' },
      hostname: 'escape',
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: quiet },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
        { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...quiet, 'ro'] },
      ],
      linux: {
        namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
        resources: { devices: [{ allow: false, access: 'rwm' }] },
        maskedPaths: ['/proc/kcore', '/proc/interrupts', '/sys/firmware'],
        readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'],
      },
    };
    change(config);
    writeFileSync(join(this.directory, 'config.json'), JSON.stringify(config));
  }

  /** Run it to its end with a changed config. */
  run(args: readonly string[], change: (config: Config) => void = () => {}, more: RunOptions = {}): Outcome {
    this.write(args, change);
    const before = more.prefix ?? [];
    const command = [...before, more.binary ?? runtimeBinary(), 'run', '--bundle', this.directory, this.id];
    const result = spawnSync(command[0] as string, command.slice(1), {
      encoding: 'utf8',
      stdio: more.stdio ?? ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr, signal: result.signal };
  }

  /** Everything of the root belongs to a user, as it has to for root of a user namespace. */
  giveTo(uid: number): void {
    execFileSync('chown', ['-hR', `${uid}:${uid}`, this.rootfs]);
  }

  /** A command of an engine, below a state root of its own. */
  call(args: readonly string[], { binary, stdio, env }: RunOptions = {}): Outcome {
    const result = spawnSync(binary ?? runtimeBinary(), ['--root', join(this.directory, 'state'), ...args], {
      encoding: 'utf8',
      stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
      ...(env === undefined ? {} : { env }),
    });
    return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr, signal: result.signal };
  }

  /** Create and start it, as an engine does; what it says is in the file `log`. */
  begin(args: readonly string[], change: (config: Config) => void = () => {}): void {
    this.write(args, change);
    const log = openSync(join(this.directory, 'log'), 'a');
    for (const words of [
      ['create', '--bundle', this.directory, this.id],
      ['start', this.id],
    ]) {
      const { code } = this.call(words, { stdio: ['ignore', log, log] });
      if (code !== 0) throw new Error(`${words[0]}: ${readFileSync(join(this.directory, 'log'), 'utf8')}`);
    }
    closeSync(log);
  }

  remove(): void {
    this.call(['delete', '--force', this.id]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface RunOptions {
  /** Another copy of the runtime. */
  readonly binary?: string;
  /** A program that starts it. */
  readonly prefix?: readonly string[];
  readonly stdio?: ('ignore' | 'pipe' | number)[];
  readonly env?: Readonly<Record<string, string>>;
}
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly signal: SpawnSyncReturns<string>['signal'];
}
