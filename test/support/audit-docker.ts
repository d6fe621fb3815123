// SPDX-License-Identifier: Apache-2.0
// A machine with Debian's dockerd in its usual places and ten containers, some of them careless. What is made here an audit is to find.
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, openSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineFixture } from './engine.ts';
import { SecureHost } from './engine-secure.ts';
import { until } from './secure.ts';

const DAEMON = `{
  "storage-driver": "overlay2",
  "userland-proxy": false,
  "log-level": "debug",
  "insecure-registries": ["registry.example:5000"],
  "exec-opts": ["native.cgroupdriver=cgroupfs"]
}
`;

/** A control group of nobody. */
const ELSEWHERE = 'secure-test-elsewhere';

/** What each container is started with, before its image. */
const LIMITS = [
  '--memory',
  '64m',
  '--cpus',
  '0.5',
  '--pids-limit',
  '64',
  '--ulimit',
  'core=0',
  '--ulimit',
  'nofile=1024:4096',
];
const CLOSED = [
  '--read-only',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  '--restart',
  'on-failure:5',
  ...LIMITS,
];
export const CONTAINERS: readonly (readonly [name: string, image: string, ...options: string[]])[] = [
  ['hardened', 'hardened:1.0', '--network', 'web', '-p', '127.0.0.1:8080:8080', ...CLOSED],
  ['alone', 'hardened:1.0', '--network', 'none', ...CLOSED],
  ['plain', 'careless'],
  ['shares', 'careless', '--network', 'host', '--pid', 'host', '--ipc', 'host', '--uts', 'host'],
  ['mounts', 'careless', '-v', '/run/docker.sock:/run/docker.sock', '-v', '/etc:/host/etc:ro'],
  ['powers', 'careless', '--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined', '--device', '/dev/fuse'],
  ['publishes', 'careless', '-p', '80:80'],
  ['restarts', 'careless', '--restart', 'always', '--cgroup-parent', `/${ELSEWHERE}`],
  ['visited', 'hardened:1.0', '--network', 'none', ...CLOSED],
];
/** One that was made and not started: to start it takes what a test machine may not have. */
export const PRIVILEGED = ['privileged', 'careless', '--privileged'] as const;

export class AuditedDocker {
  readonly machine: SecureHost;
  readonly #fixture: EngineFixture;
  readonly #daemon: ChildProcess;

  private constructor(machine: SecureHost, fixture: EngineFixture, daemon: ChildProcess) {
    this.machine = machine;
    this.#fixture = fixture;
    this.#daemon = daemon;
  }

  static async start(): Promise<AuditedDocker> {
    const fixture = new EngineFixture('docker');
    const machine = await SecureHost.create();
    const { host } = machine;
    await host.sh('mkdir -p /etc/docker; cat > /etc/docker/daemon.json', DAEMON);
    await host.sh('chmod 666 /etc/docker/daemon.json; groupadd -f docker; useradd -M -G docker deborah');
    const log = openSync(join(machine.directory, 'log'), 'a');
    const daemon = host.spawn('dockerd', [], { stdio: ['ignore', log, log] });
    await until('dockerd answers', async () => (await host.run('docker', ['info'])).code === 0, 40);
    const docker = new AuditedDocker(machine, fixture, daemon);
    await docker.#images();
    await docker.run('network', 'create', 'web');
    for (const [name, image, ...options] of CONTAINERS)
      await docker.run('run', '-d', '--name', name, ...options, image);
    const [name, image, ...options] = PRIVILEGED;
    await docker.run('create', '--name', name, ...options, image);
    host.spawn('docker', ['exec', '--user', 'root', 'visited', 'sleep', '100001'], { stdio: 'ignore' });
    await until('the session is open', async () => (await docker.run('top', 'visited')).includes('100001'));
    return docker;
  }

  /** A command of docker that must succeed; its output. */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.machine.host.run('docker', args);
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${code} ${stdout}${stderr}`);
    return stdout;
  }

  async #images(): Promise<void> {
    const root = this.#fixture.busybox();
    const change = (text: string): string[] => ['-c', text];
    const sleep = change('CMD ["sleep", "100000"]');
    const account = 'printf \'root:x:0:0::/:/bin/sh\\napp:x:10001:10001::/:/bin/sh\\n\' > "$1/etc/passwd"';
    await this.machine.host.run('sh', ['-ec', account, 'sh', root]);
    const closed = [
      ...sleep,
      ...change('USER app'),
      ...change('HEALTHCHECK CMD ["true"]'),
      ...change('EXPOSE 8080/tcp'),
    ];
    await this.run('import', ...closed, this.#fixture.tar(root, 'hardened'), 'hardened:1.0');
    cpSync('/bin/busybox', join(root, 'bin/mount-all'));
    await this.machine.host.run('chmod', ['4755', join(root, 'bin/mount-all')]);
    await this.run(
      'import',
      ...sleep,
      ...change('ENV DB_PASSWORD=hunter2'),
      this.#fixture.tar(root, 'careless'),
      'careless',
    );
  }

  /** The daemon does not answer while `use` runs. */
  async silent(use: () => Promise<void>): Promise<void> {
    await this.machine.host.sh('kill -STOP $(cat /run/docker.pid)');
    try {
      await use();
    } finally {
      // nsenter(1), which waits for it, stopped itself as well, and continues both.
      this.#daemon.kill('SIGCONT');
    }
  }

  /** What is left of it nevertheless. */
  async stop(): Promise<string[]> {
    await this.machine.host.run('sh', ['-c', 'docker rm -f $(docker ps -aq)']);
    const ended = new Promise((resolve) => this.#daemon.once('close', resolve));
    await this.machine.host.sh('kill $(cat /run/docker.pid)');
    await ended;
    // docker takes away what it made for a container, and not the group above it that it was told to use.
    for (const name of ['', ...readdirSync('/sys/fs/cgroup')]) {
      const group = join('/sys/fs/cgroup', name, ELSEWHERE);
      if (existsSync(group)) rmdirSync(group);
    }
    await this.machine.destroy();
    return this.#fixture.destroy();
  }
}
