// SPDX-License-Identifier: Apache-2.0
// A machine of its own for engines in their usual places: its /etc, /usr/local, /var/lib, /var/log and /run, its processes, its network. What
// it writes lies in one directory; what runs in it ends with it.
import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from './secure.ts';

/** Where what is written is seen by nobody else. */
const OVERLAID = ['/etc', '/usr/local', '/var/lib', '/var/log'];
/** On the file system of the directory itself: an engine's overlay is not possible on another one. */
const STORES = ['/var/lib/docker', '/var/lib/containerd', '/var/lib/containers'];

/** Run as the first process of the namespaces; `$1` is the directory. */
const SETUP = `
cd "$1"
mount -t sysfs sysfs sys && mount --rbind /sys/fs/cgroup sys/fs/cgroup && mount --move sys /sys
for place in ${OVERLAID.join(' ')}; do
  upper=upper$place; mkdir -p "$upper" "work$place"
  mount -t overlay overlay -o "lowerdir=$place,upperdir=$upper,workdir=work$place" "$place"
done
for place in ${STORES.join(' ')}; do
  mkdir -p "bound$place" "$place"; mount --bind "bound$place" "$place"
done
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/netns
ip link set lo up
echo made
exec tini -s -- sleep infinity`;

export class EngineHost {
  readonly directory: string;
  readonly #holder: ChildProcess;
  readonly #pid: number;

  private constructor(directory: string, holder: ChildProcess, pid: number) {
    this.directory = directory;
    this.#holder = holder;
    this.#pid = pid;
  }

  /** `directory`: made, and removed by who names it. */
  static async create(directory: string): Promise<EngineHost> {
    for (const name of ['sys', 'upper', 'work']) mkdirSync(join(directory, name), { recursive: true });
    const namespaces = ['--net', '--mount', '--pid', '--ipc', '--uts', '--fork', '--mount-proc', '--kill-child'];
    // It does not outlive a test run that is killed.
    const words = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-ec', SETUP, 'sh', directory];
    const holder = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let problem = '';
    holder.stderr.on('data', (chunk) => {
      problem += chunk;
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('error', reject);
      holder.once('close', (code) => reject(new Error(`no machine: ${code} ${problem}`)));
    });
    const pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim());
    return new EngineHost(directory, holder, pid);
  }

  /** Of its first process, as seen from outside: `/proc/PID/root` is its file system. */
  get pid(): number {
    return this.#pid;
  }

  words(words: readonly string[], cwd = '/'): [string, ...string[]] {
    const namespaces = ['--net', '--mount', '--pid', '--ipc', '--uts'];
    return ['nsenter', `--target=${this.#pid}`, ...namespaces, `--wdns=${cwd}`, '--', ...words];
  }

  /** Run to the end. */
  run(command: string, args: readonly string[] = [], input = '', env: Record<string, string> = {}): Promise<Result> {
    const [program, ...words] = this.words([command, ...args]);
    const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 26, timeout: 110_000 };
    return new Promise((resolve) => {
      const child = execFile(program, words, options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? (error?.signal ? 255 : 0)), stdout, stderr }),
      );
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  /** A script of sh(1) that must succeed; its output. */
  async sh(script: string, input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run('sh', ['-ec', script], input);
    if (code !== 0) throw new Error(`${script}: ${code} ${stdout}${stderr}`);
    return stdout;
  }

  /** Start and leave running. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    const [program, ...words] = this.words([command, ...args]);
    return spawn(program, words, options);
  }

  /** A file of it, as seen from outside. */
  path(path: string): string {
    return join(`/proc/${this.#pid}/root`, path);
  }

  text(path: string): string | null {
    return existsSync(this.path(path)) ? readFileSync(this.path(path), 'utf8') : null;
  }

  /** All that runs in it ends with its first process. */
  async destroy(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#holder.once('close', resolve));
    process.kill(this.#pid, 'SIGKILL');
    await ended;
  }
}

/** Two machines on one wire: `addresses` in CIDR notation. */
export function connect(one: EngineHost, other: EngineHost, addresses: readonly [string, string]): void {
  const name = (host: EngineHost) => `sit${host.pid % 100_000}`;
  const ip = (...words: string[]) => execFileSync('ip', words);
  ip(
    'link',
    'add',
    name(one),
    'netns',
    String(one.pid),
    'type',
    'veth',
    'peer',
    'name',
    name(other),
    'netns',
    String(other.pid),
  );
  for (const [index, host] of [one, other].entries()) {
    const [program, ...words] = host.words([
      'sh',
      '-ec',
      `ip addr add ${addresses[index]} dev ${name(host)}; ip link set ${name(host)} up`,
    ]);
    execFileSync(program, words);
  }
}
