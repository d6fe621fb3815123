// SPDX-License-Identifier: Apache-2.0
// A network namespace of its own, with a sysfs that shows it, in which tests make devices and routes: the host's stay as they are.
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import type { Result } from './secure.ts';

/** Run by unshare(1): sysfs shows the namespace in which it was mounted; the control groups stay where everybody looks for them. */
const HOLD = `
d=$(mktemp -d)
mount -t sysfs sysfs "$d" && mount --rbind /sys/fs/cgroup "$d/fs/cgroup" && mount --move "$d" /sys
rmdir "$d"
ip link set lo up
echo held
exec sleep infinity`;

/** The same with the mounts of everybody: what is left of them is seen from outside. */
const HOLD_NETWORK = `
ip link set lo up
echo held
exec sleep infinity`;

export interface NetNsOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

export class NetNs {
  /** Its inode, as in the name of a network's directory below /run/secure-host/networks. */
  readonly inode: number;
  readonly #holder: ChildProcess;
  readonly #namespaces: readonly string[];

  private constructor(holder: ChildProcess, inode: number, namespaces: readonly string[]) {
    this.#holder = holder;
    this.inode = inode;
    this.#namespaces = namespaces;
  }

  /** With `sharedMounts`, /sys goes on showing the devices of the host. */
  static async create({ sharedMounts = false } = {}): Promise<NetNs> {
    const namespaces = sharedMounts ? ['--net'] : ['--net', '--mount'];
    const script = sharedMounts ? HOLD_NETWORK : HOLD;
    // It does not outlive a test run that is killed.
    const words = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-ec', script];
    const holder = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let problem = '';
    holder.stderr.on('data', (chunk) => {
      problem += chunk;
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('error', reject);
      holder.once('close', (code) => reject(new Error(`unshare: ${code} ${problem}`)));
    });
    const made = new NetNs(holder, 0, namespaces);
    const { stdout } = await made.run('stat', ['-Lc', '%i', '/proc/self/ns/net']);
    return new NetNs(holder, Number(stdout), namespaces);
  }

  /** Of the process that keeps the namespace: `nsenter --target PID --net --mount`. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** The words of a command that runs `words` in the namespace. */
  words(words: readonly string[], cwd = '/'): [string, ...string[]] {
    return ['nsenter', `--target=${this.pid}`, ...this.#namespaces, `--wdns=${cwd}`, '--', ...words];
  }

  /** Run to the end. */
  run(command: string, args: readonly string[] = [], { env, cwd, input }: NetNsOptions = {}): Promise<Result> {
    const [program, ...words] = this.words([command, ...args], cwd);
    return new Promise((resolve) => {
      const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 26 };
      const child = execFile(program, words, options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? (error?.signal ? 255 : 0)), stdout, stderr }),
      );
      child.stdin?.on('error', () => {});
      child.stdin?.end(input ?? '');
    });
  }

  /** Run to the end; its standard output. An Error when it fails. */
  async output(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code} ${stderr}`);
    return stdout;
  }

  /** A script of sh(1) that must succeed. */
  sh(script: string): Promise<string> {
    return this.output('sh', '-ec', script);
  }

  /** Start and leave running. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    const [program, ...words] = this.words([command, ...args]);
    return spawn(program, words, options);
  }

  /** Names of its network devices, sorted. */
  async devices(): Promise<string[]> {
    const links = JSON.parse(await this.output('ip', '-json', 'link', 'show')) as { ifname: string }[];
    return links.map(({ ifname }) => ifname).sort();
  }

  /** The namespace goes when the last process in it has ended: end containers before. */
  async destroy(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#holder.once('close', resolve));
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
