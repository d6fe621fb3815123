// SPDX-License-Identifier: Apache-2.0
// A machine of its own with Debian's dockerd and podman, and containers that are probed there.
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { CLI } from './cli.ts';
import { EngineFixture } from './engine.ts';
import { SecureHost } from './engine-secure.ts';
import { type Result, until } from './secure.ts';

const IMAGE = 'probed';
/** Debian's crun does not start on control groups of both versions. */
const PODMAN = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];

export class ProbedEngines {
  readonly machine: SecureHost;
  readonly #fixture: EngineFixture;
  /** Knows what podman leaves. */
  readonly #podman: EngineFixture;
  readonly #daemons: readonly ChildProcess[];

  private constructor(
    machine: SecureHost,
    fixtures: readonly [EngineFixture, EngineFixture],
    daemons: readonly ChildProcess[],
  ) {
    this.machine = machine;
    [this.#fixture, this.#podman] = fixtures;
    this.#daemons = daemons;
  }

  static async start(): Promise<ProbedEngines> {
    const fixture = new EngineFixture('docker');
    const podman = new EngineFixture('libpod');
    const machine = await SecureHost.create();
    const { host } = machine;
    await host.sh(
      'groupadd -f docker; mkdir -p /etc/docker /run/podman; cat > /etc/docker/daemon.json',
      JSON.stringify({
        'storage-driver': 'overlay2',
        'userland-proxy': false,
        'exec-opts': ['native.cgroupdriver=cgroupfs'],
        // runc gives a privileged container all capabilities or none; a machine that tests may lack one.
        runtimes: { fitting: { path: runtimeBinary() } },
      }),
    );
    const log = openSync(join(machine.directory, 'log'), 'a');
    const options = { stdio: ['ignore', log, log] as ['ignore', number, number] };
    const socket = 'unix:///run/podman/podman.sock';
    const daemons = [
      host.spawn('dockerd', [], options),
      host.spawn('podman', [...PODMAN, 'system', 'service', '-t', '0', socket], options),
    ];
    const engines = new ProbedEngines(machine, [fixture, podman], daemons);
    await until('dockerd answers', async () => (await host.run('docker', ['info'])).code === 0, 40);
    await until(
      'podman answers',
      async () => (await host.run('test', ['-S', '/run/podman/podman.sock'])).code === 0,
      20,
    );
    const root = fixture.busybox();
    const archive = fixture.tar(root, IMAGE);
    await engines.docker('import', '-c', 'CMD ["sleep", "100000"]', archive, IMAGE);
    await engines.podman('import', '-c', 'CMD ["sleep", "100000"]', archive, `localhost/${IMAGE}:latest`);
    return engines;
  }

  async #must(program: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.machine.host.run(program, args);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code} ${stdout}${stderr}`);
    return stdout;
  }
  /** A command that must succeed; its output. */
  docker(...args: readonly string[]): Promise<string> {
    return this.#must('docker', args);
  }
  podman(...args: readonly string[]): Promise<string> {
    return this.#must('podman', [...PODMAN, ...args]);
  }
  /** A container that sleeps. */
  async started(engine: 'docker' | 'podman', name: string, ...options: readonly string[]): Promise<void> {
    const network = options.includes('--network') ? [] : ['--network', 'none'];
    await this[engine]('run', '-d', ...network, '--name', name, ...options, IMAGE);
  }

  /** An image with one program and nothing else: `scratched`. */
  async scratch(): Promise<void> {
    const root = join(this.#fixture.directory, 'scratch');
    mkdirSync(root, { recursive: true });
    cpSync('/bin/busybox', join(root, 'sleep'));
    await this.docker('import', '-c', 'CMD ["/sleep", "100000"]', this.#fixture.tar(root, 'scratched'), 'scratched');
  }

  probe(...args: readonly string[]): Promise<Result> {
    return this.machine.secure('probe', ...args);
  }

  /** The same, left running. */
  startProbe(...args: readonly string[]): ChildProcess {
    return this.machine.host.spawn(process.execPath, ['--', CLI, 'probe', ...args], { stdio: 'ignore' });
  }

  /** The same as somebody who is not root and may use docker. */
  async probeAsUser(...args: readonly string[]): Promise<Result> {
    const gid = (await this.machine.host.sh('stat -c %g /run/docker.sock')).trim();
    const user = ['--reuid=12345', '--regid=12345', `--groups=${gid}`];
    return this.machine.host.run('setpriv', [...user, process.execPath, '--', CLI, 'probe', ...args]);
  }

  /** What is left of it nevertheless. */
  async stop(): Promise<string[]> {
    await this.machine.host.run('sh', ['-c', 'docker rm -f $(docker ps -aq); podman rm -af']);
    const ended = this.#daemons.map((daemon) => new Promise((resolve) => daemon.once('close', resolve)));
    await this.machine.host.sh('kill $(cat /run/docker.pid)');
    this.#daemons[1]?.kill('SIGTERM');
    await this.machine.host.run('sh', ['-c', 'kill $(pidof podman)']);
    await Promise.all(ended);
    await this.machine.destroy();
    return [...(await this.#podman.destroy()), ...(await this.#fixture.destroy())];
  }
}
