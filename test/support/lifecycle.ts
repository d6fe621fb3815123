// SPDX-License-Identifier: Apache-2.0
// The commands of the OCI runtime on one bundle, as an engine calls them, below a state root of its own.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle, type Config, type Outcome } from './bundle.ts';

export interface OciState {
  ociVersion: string;
  id: string;
  status: 'creating' | 'created' | 'running' | 'paused' | 'stopped';
  pid?: number;
  bundle: string;
  annotations?: Record<string, string>;
}

export class Lifecycle {
  readonly bundle = new Bundle();
  readonly root = join(this.bundle.directory, 'state');
  readonly id = this.bundle.id;

  call(...args: readonly string[]): Outcome {
    return this.with({}, ...args);
  }

  /** With variables, or standard streams of its own. */
  with(
    how: { env?: Record<string, string>; stdio?: ('ignore' | 'pipe' | number)[]; prefix?: readonly string[] },
    ...args: readonly string[]
  ): Outcome {
    const [program = '', ...words] = [...(how.prefix ?? []), runtimeBinary(), '--root', this.root, ...args];
    // A container that goes on after `create` or `run --detach` holds the pipes, and with them spawnSync.
    const goesOn = args[0] === 'create' || (args[0] === 'run' && args.includes('--detach'));
    const result = spawnSync(program, words, {
      encoding: 'utf8',
      stdio: how.stdio ?? ['ignore', goesOn ? 'ignore' : 'pipe', goesOn ? 'ignore' : 'pipe'],
      env: { ...process.env, ...how.env },
      timeout: 20_000,
    });
    return {
      code: result.status ?? -1,
      stdout: result.stdout ?? '',
      stderr: result.stderr ?? '',
      signal: result.signal,
    };
  }

  write(args: readonly string[], change: (config: Config) => void = () => {}): void {
    this.bundle.write(args, change);
  }

  /** Create it from a changed config. */
  create(args: readonly string[], change: (config: Config) => void = () => {}, ...options: readonly string[]): Outcome {
    this.write(args, change);
    return this.call('create', '--bundle', this.bundle.directory, ...options, this.id);
  }

  state(): OciState {
    const { code, stdout, stderr } = this.call('state', this.id);
    if (code !== 0) throw new Error(`state: ${stderr}`);
    return JSON.parse(stdout) as OciState;
  }

  async until(status: OciState['status']): Promise<void> {
    for (let tries = 0; tries < 500; tries++) {
      if (this.state().status === status) return;
      await delay(10);
    }
    throw new Error(`it is still ${this.state().status}, not ${status}`);
  }

  /** Whatever is left of it. */
  remove(): void {
    this.call('delete', '--force', this.id);
    this.bundle.remove();
  }
}
