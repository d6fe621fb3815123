// SPDX-License-Identifier: Apache-2.0
// A machine on which the command line tells engines of the runtime, with a policy of its own and an image to run.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI } from './cli.ts';
import type { EngineFixture } from './engine.ts';
import { EngineHost } from './engine-host.ts';
import type { Result } from './secure.ts';
export const LINK = '/usr/local/lib/secure/secure-runtime-policy';
const POLICY = '/etc/secure/policy.d';
export const DECISIONS = '/var/log/secure/engines.log';

/** `default` with limits that can be seen. */
export const LIMITED = `apiVersion: secure/v1
kind: Policy
metadata: { name: engines }
extends: [default]
run:
  memory: 256Mi
  pids: 100
`;
export const MEMORY = 256 << 20;

export interface Decision {
  readonly command: string;
  readonly id: string;
  readonly decision: 'allow' | 'refuse';
  readonly digest: string;
  readonly refused: readonly { readonly control: string }[];
  readonly tightened: readonly { readonly control: string }[];
}

export class SecureHost {
  readonly host: EngineHost;
  readonly directory: string;

  private constructor(host: EngineHost, directory: string) {
    this.host = host;
    this.directory = directory;
  }

  static async create(): Promise<SecureHost> {
    const directory = mkdtempSync(join(tmpdir(), 'secure-machine-'));
    const secure = new SecureHost(await EngineHost.create(join(directory, 'host')), directory);
    await secure.host.sh('mkdir -p /etc/secure; cat > /etc/secure/engines.yaml', LIMITED);
    return secure;
  }

  /** The command line, on that machine. */
  secure(...args: readonly string[]): Promise<Result> {
    const env = { SECURE_STATE_ROOT: join(this.directory, 'state'), SECURE_RUN_ROOT: join(this.directory, 'run') };
    return this.host.run(process.execPath, ['--', CLI, ...args], '', env);
  }

  install(engine: string, ...flags: readonly string[]): Promise<Result> {
    return this.secure('system', 'install', '--engine', engine, ...flags);
  }

  /** Archive of a root file system with busybox. */
  static archive(fixture: EngineFixture): string {
    return fixture.tar(fixture.busybox(), 'busybox');
  }

  /** The policy that holds. */
  digest(): string {
    return (this.host.text(join(POLICY, 'current')) ?? '').trim();
  }

  /** Path of the compiled policy, on that machine. */
  compiled(): string {
    return join(POLICY, `${this.digest().slice('sha256:'.length)}.json`);
  }

  decisions(): Decision[] {
    const path = this.host.path(DECISIONS);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Decision);
  }

  /** What is wrong with the policy while `use` runs; afterwards it is as before. */
  async spoiled(script: string, use: () => Promise<void>): Promise<void> {
    await this.host.sh(`rm -rf /run/kept; cp -a ${POLICY} /run/kept; P=${this.compiled()} D=${POLICY}; ${script}`);
    try {
      await use();
    } finally {
      await this.host.sh(`rm -rf ${POLICY}; cp -a /run/kept ${POLICY}`);
    }
  }

  async destroy(): Promise<void> {
    await this.host.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Fields of /proc/PID/status. */
export function statusOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/^(\w+):\t(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** The capabilities that `default` leaves, as bits. */
export const CAPABILITIES = '00000000000004fb';
export const HARDENED = {
  CapBnd: CAPABILITIES,
  CapEff: CAPABILITIES,
  CapPrm: CAPABILITIES,
  NoNewPrivs: '1',
  Seccomp: '2',
  // The engine's and the policy's.
  Seccomp_filters: '2',
};

/** Whether this kernel's control groups are those of version 1. */
export const limitFile = (name: 'memory' | 'pids'): string =>
  existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
    ? { memory: '/sys/fs/cgroup/memory/memory.limit_in_bytes', pids: '/sys/fs/cgroup/pids/pids.max' }[name]
    : { memory: '/sys/fs/cgroup/memory.max', pids: '/sys/fs/cgroup/pids.max' }[name];
