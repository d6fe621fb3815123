// SPDX-License-Identifier: Apache-2.0
// Debian's dockerd in a network namespace, with everything that it writes in one directory.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NetNs } from './netns.ts';

const PLAIN: readonly string[] = ['--storage-driver', 'vfs', '--userland-proxy=false'];

export class Docker {
  readonly #daemon: ChildProcess;
  readonly #directory: string;
  readonly #netns: NetNs;

  private constructor(netns: NetNs, directory: string, daemon: ChildProcess) {
    this.#netns = netns;
    this.#directory = directory;
    this.#daemon = daemon;
  }

  /** `options` replace those that choose a storage driver and a network. */
  static async start(netns: NetNs, directory: string, options = PLAIN): Promise<Docker> {
    mkdirSync(directory, { recursive: true });
    const log = openSync(join(directory, 'log'), 'w');
    const args = [
      ...['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')],
      ...['--pidfile', join(directory, 'pid'), '--host', `unix://${join(directory, 'socket')}`],
      ...options,
    ];
    const docker = new Docker(netns, directory, netns.spawn('dockerd', args, { stdio: ['ignore', log, log] }));
    for (let tries = 0; (await docker.run('info')).code !== 0; tries++) {
      if (tries === 120) {
        await docker.stop();
        throw new Error(`dockerd does not start: ${readFileSync(join(directory, 'log'), 'utf8').slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return docker;
  }

  run(...args: readonly string[]) {
    return this.#netns.run('docker', ['--host', `unix://${join(this.#directory, 'socket')}`, ...args]);
  }

  /** Program and options before the command, from outside. */
  words(): string[] {
    return ['docker', '--host', `unix://${join(this.#directory, 'socket')}`];
  }

  /** It ends its containerd itself. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#daemon.once('close', resolve));
    if (this.#daemon.exitCode === null && this.#daemon.kill('SIGTERM')) await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
