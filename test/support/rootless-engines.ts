// SPDX-License-Identifier: Apache-2.0
// A machine on which a user runs dockerd and podman without root, as Debian's packages do. The user exists on that machine alone.
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CLI_PATH } from './cli.ts';
import { EngineFixture } from './engine.ts';
import { SecureHost } from './engine-secure.ts';
import { cannotRun, type Result, until } from './secure.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
export const ALICE = 21_057;
const FIRST = 1_700_000_000;
const PROGRAMS = ['newuidmap', 'slirp4netns', 'rootlesskit', 'podman'].map((name) => `/usr/bin/${name}`);
const DOCKERD = '/usr/share/docker.io/contrib/dockerd-rootless.sh';

/** With SECURE_MUST_WORK=1 a missing program is a failure. */
export const cannotRunEngines = (): boolean =>
  cannotRun() ||
  (process.env.SECURE_MUST_WORK !== '1' && ![...PROGRAMS, DOCKERD].every((program) => existsSync(program)));

/** podman asks for more open files, and dockerd for more processes, than a test machine may have. */
const PREPARE = `
useradd -u ${ALICE} -M -d "$1" -s /bin/sh alice
mkdir -p "$1/.config" /run/user/${ALICE} /run/checkout
chown -R alice:alice "$1" /run/user/${ALICE}; chmod 700 "$1" /run/user/${ALICE}
echo alice:${FIRST}:65536 > /etc/subuid; echo alice:${FIRST}:65536 > /etc/subgid
mount --bind "$2" /run/checkout
# Devices of users: where udev runs everybody may use them.
mkdir /run/devices; mknod -m 666 /run/devices/tun c 10 200; mount --bind /run/devices/tun /dev/net/tun
mknod -m 666 /run/devices/fuse c 10 229; mount --bind /run/devices/fuse /dev/fuse
mount --make-rshared /`;

export class RootlessEngines {
  readonly machine: SecureHost;
  /** The home of the user. */
  readonly home: string;
  readonly #fixture: EngineFixture;
  readonly #running: ChildProcess[] = [];

  private constructor(machine: SecureHost, fixture: EngineFixture, home: string) {
    this.machine = machine;
    this.#fixture = fixture;
    this.home = home;
  }

  static async start(): Promise<RootlessEngines> {
    const machine = await SecureHost.create();
    await machine.host.run('chmod', ['755', machine.directory, machine.host.directory]);
    const home = join(machine.host.directory, 'home');
    const made = await machine.host.run('sh', ['-ec', PREPARE, 'sh', home, CHECKOUT]);
    if (made.code !== 0) throw new Error(`no user: ${made.stderr}`);
    return new RootlessEngines(machine, new EngineFixture('libpod'), home);
  }

  #words(words: readonly string[]): string[] {
    const env = [
      ...[`HOME=${this.home}`, `XDG_RUNTIME_DIR=/run/user/${ALICE}`, 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      ...[`SECURE_STATE_ROOT=${this.home}/secure-state`, `SECURE_RUN_ROOT=/run/user/${ALICE}/secure-run`],
    ];
    const user = [`--reuid=${ALICE}`, `--regid=${ALICE}`, '--clear-groups', '--inh-caps=-all'];
    return [...user, 'env', '-i', '-C', this.home, ...env, ...words];
  }

  /** A program as the user. */
  as(...words: readonly string[]): Promise<Result> {
    return this.machine.host.run('setpriv', this.#words(words));
  }

  /** One that must succeed; its output. */
  async must(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.as(...words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${code} ${stdout}${stderr}`);
    return stdout;
  }

  /** `secure ARGS` as the user. */
  secure(...args: readonly string[]): Promise<Result> {
    const node = join('/run/checkout', relative(CHECKOUT, process.execPath));
    return this.as(node, '--', join('/run/checkout', CLI_PATH), ...args);
  }

  async #spawn(name: string, socket: string, ...words: readonly string[]): Promise<void> {
    const path = join(this.machine.directory, `${name}.log`);
    const log = openSync(path, 'a');
    this.#running.push(this.machine.host.spawn('setpriv', this.#words(words), { stdio: ['ignore', log, log] }));
    const asked = ['curl', '-sfm', '5', '--unix-socket', socket, 'http://engine/info'];
    await until(`${name} answers: ${path}`, async () => (await this.as(...asked)).code === 0, 40).catch((cause) => {
      throw new Error(`${name}: ${readFileSync(path, 'utf8').slice(-2000)}`, { cause });
    });
  }

  /** @param environment of the script that starts it, `NAME=VALUE` */
  docker(environment: readonly string[] = [], flags: readonly string[] = ['--storage-driver', 'vfs']): Promise<void> {
    const socket = `/run/user/${ALICE}/docker.sock`;
    return this.#spawn('dockerd', socket, 'env', ...environment, 'sh', DOCKERD, ...flags);
  }

  async podman(...global: readonly string[]): Promise<void> {
    const socket = `/run/user/${ALICE}/podman/podman.sock`;
    await this.must('mkdir', '-p', `/run/user/${ALICE}/podman`);
    await this.#spawn('podman', socket, 'podman', ...global, 'system', 'service', '-t', '0', `unix://${socket}`);
  }

  /** A root file system with busybox. */
  busybox(): string {
    return this.#fixture.busybox();
  }

  /** An archive of it that the user can read. */
  tar(root: string, name: string): string {
    const place = join(this.home, `${name}.tar`);
    copyFileSync(this.#fixture.tar(root, name), place);
    return place;
  }

  /** Everything of it ends with its machine. What is left nevertheless. */
  async stop(): Promise<string[]> {
    const ended = this.#running.map((one) => new Promise((resolve) => one.once('close', resolve)));
    await this.machine.destroy();
    await Promise.all(ended);
    return this.#fixture.destroy();
  }
}
