// SPDX-License-Identifier: Apache-2.0
// A swarm of two dockerds of Debian, each on a machine of its own.
import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { connect } from './engine-host.ts';
import { SecureHost } from './engine-secure.ts';
import { type Result, until } from './secure.ts';

const DAEMON = {
  'storage-driver': 'overlay2',
  iptables: false,
  'exec-opts': ['native.cgroupdriver=cgroupfs'],
};
const ADDRESSES = ['10.214.0.1', '10.214.0.2'] as const;

export class Swarm {
  readonly nodes: readonly [SecureHost, SecureHost];
  readonly #daemons: ChildProcess[] = [];

  private constructor(nodes: readonly [SecureHost, SecureHost]) {
    this.nodes = nodes;
  }

  /** @param prepare what is done on each node before its dockerd starts */
  static async create(prepare: (node: SecureHost) => Promise<void> = async () => {}): Promise<Swarm> {
    const swarm = new Swarm([await SecureHost.create(), await SecureHost.create()]);
    const [one, other] = swarm.nodes;
    connect(one.host, other.host, [`${ADDRESSES[0]}/24`, `${ADDRESSES[1]}/24`]);
    for (const [index, node] of swarm.nodes.entries()) {
      await node.host.sh(
        `hostname node${index}; mkdir -p /etc/docker; cat > /etc/docker/daemon.json`,
        JSON.stringify(DAEMON),
      );
      await prepare(node);
      const log = openSync(join(node.directory, 'log'), 'a');
      swarm.#daemons.push(node.host.spawn('dockerd', [], { stdio: ['ignore', log, log] }));
      await until('dockerd answers', async () => (await swarm.docker(index, 'info')).code === 0, 40);
    }
    const init = ['--advertise-addr', ADDRESSES[0], '--listen-addr', `${ADDRESSES[0]}:2377`];
    expect(await swarm.docker(0, 'swarm', 'init', ...init)).toMatchObject({ code: 0 });
    const token = (await swarm.docker(0, 'swarm', 'join-token', '-q', 'worker')).stdout.trim();
    const joined = await swarm.docker(1, 'swarm', 'join', '--token', token, `${ADDRESSES[0]}:2377`);
    expect(joined, joined.stderr).toMatchObject({ code: 0 });
    return swarm;
  }

  /** The client on a node; the first is the manager. */
  docker(node: number, ...args: readonly string[]): Promise<Result> {
    return this.nodes[node === 0 ? 0 : 1].host.run('docker', args);
  }

  async destroy(): Promise<void> {
    await this.docker(1, 'swarm', 'leave', '--force');
    await this.docker(0, 'swarm', 'leave', '--force');
    for (const [index, daemon] of this.#daemons.entries()) {
      const ended = new Promise((resolve) => daemon.once('close', resolve));
      await this.nodes[index === 0 ? 0 : 1].host.sh('kill $(cat /run/docker.pid)');
      await ended;
    }
    for (const node of this.nodes) await node.destroy();
  }
}
