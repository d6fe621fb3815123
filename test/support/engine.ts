// SPDX-License-Identifier: Apache-2.0
// What the tests of podman, dockerd and containerd on our runtime share: their images, and what they may not leave behind.
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { debianKept } from './debian.ts';
import type { Result } from './secure.ts';

interface Options {
  readonly cwd?: string;
  /** Its input does not end before it does. */
  readonly open?: boolean;
}

export function command(
  program: string,
  args: readonly string[],
  { cwd = '/', open = false }: Options = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd, maxBuffer: 1 << 26, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? (error ? 255 : 0)), stdout, stderr }),
    );
    if (!open) child.stdin?.end();
  });
}

/**
 * With a terminal: script(1) makes one, and ends as the command does. At the end of its input it would send a byte:
 * when that reaches conmon as the container ends, conmon closes its socket with the byte unread, and podman sees
 * ECONNRESET in place of the output that waits for it.
 */
export function onTerminal(words: readonly string[]): Promise<Result> {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return command('script', ['-qec', quoted, '/dev/null'], { open: true });
}

/** Ask until `expected` is in the answer, for at most twenty seconds. */
export async function answers(expected: string, ask: () => Promise<Result>): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { stdout, stderr } = await ask();
    if (stdout.includes(expected)) return stdout;
    if (tries === 80) throw new Error(`no ${expected}: ${stdout}${stderr}`);
    await delay(250);
  }
}

/** In the network namespace of process `pid`, so that no device of the host is needed. */
export const page = (pid: string) => command('nsenter', ['-t', pid, '-n', 'curl', '-sfm', '5', 'http://127.0.0.1/']);
export const redis = (pid: string, ...words: string[]) =>
  command('nsenter', [
    '-t',
    pid,
    '-n',
    'sh',
    '-c',
    `printf '${words.join(' ')}\\r\\nQUIT\\r\\n' | busybox nc -w 3 127.0.0.1 6379`,
  ]);

/** Long-running, and unlike the defaults of Debian's packages in the foreground. */
export const NGINX = ['nginx', '-g', 'daemon off;'];
export const REDIS = ['redis-server', '--save', '', '--bind', '127.0.0.1'];

export class EngineFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'secure-engine-'));
  readonly #groups: ReadonlySet<string>;
  readonly #pattern: RegExp;
  readonly #hierarchies = new Set(readdirSync('/sys/fs/cgroup'));

  /** `groups`: how the names of the engine's control groups begin. */
  constructor(groups: 'libpod' | 'docker' | 'default' | 'k8s.io') {
    this.#pattern = new RegExp(`/${groups}`);
    this.#groups = this.#ourGroups();
  }

  /** A root file system with busybox. */
  busybox(): string {
    const root = join(this.directory, 'busybox');
    for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root', 'run', 'sbin'])
      mkdirSync(join(root, name), { recursive: true });
    cpSync('/bin/busybox', join(root, 'bin/busybox'));
    const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n');
    for (const name of applets.filter((word) => word !== '' && word !== 'busybox'))
      symlinkSync('busybox', join(root, 'bin', name));
    return root;
  }

  /** The unpacked root file system of a Debian package and what it needs. Not to be written to. */
  async debian(packageName: string, name: string): Promise<string> {
    const layers = join(await debianKept(packageName, name), 'layers');
    const [layer = ''] = readdirSync(layers);
    return join(layers, layer, 'root');
  }

  /** A tar archive of a root file system, for `import`. */
  tar(root: string, name: string): string {
    const file = join(this.directory, `${name}.tar`);
    execFileSync('tar', ['-C', root, '-cf', file, '.']);
    return file;
  }

  #ourGroups(): Set<string> {
    return new Set([...directoriesBelow('/sys/fs/cgroup')].filter((path) => this.#pattern.test(path)));
  }

  /**
   * podman writes below a hierarchy for each controller of the kernel. Where one is not mounted (hugetlb, net_cls,
   * net_prio, perf_event may be missing), these are files of the tmpfs under it, on every runtime.
   */
  #removePretendedHierarchies(): void {
    for (const name of readdirSync('/sys/fs/cgroup')) {
      const path = join('/sys/fs/cgroup', name);
      if (existsSync(join(path, 'cgroup.procs')) || !lstatSync(path).isDirectory()) continue;
      if (!this.#hierarchies.has(name)) rmSync(path, { recursive: true });
    }
    for (const group of this.#ourGroups())
      if (!this.#groups.has(group) && existsSync(group) && !existsSync(join(group, 'cgroup.procs')))
        rmSync(group, { recursive: true, force: true });
  }

  /** Remove everything. What is left of the engine nevertheless: processes, mounts, control groups. */
  async destroy(): Promise<string[]> {
    const left: string[] = [];
    const mine = (text: string) => text.includes(this.directory);
    // Shims and monitors end a moment after their engine.
    let running: string[] = [];
    for (let tries = 0; tries < 40; tries++) {
      running = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && mine(commandLine(pid)));
      if (running.length === 0) break;
      await delay(250);
    }
    for (const pid of running) {
      left.push(`process ${commandLine(pid)}`);
      process.kill(Number(pid), 'SIGKILL');
    }
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    for (const mount of mounts.filter(mine).reverse()) {
      // The storage libraries of podman and docker mount their own directory on itself.
      if (!/\/(overlay|overlay2)$/.test(mount)) left.push(`mount ${mount}`);
      await command('umount', ['-l', mount]);
    }
    this.#removePretendedHierarchies();
    for (const group of [...this.#ourGroups()].sort().reverse()) {
      if (this.#groups.has(group)) continue;
      // What all containers of an engine share stays, empty, on every runtime.
      if (!/\/(libpod_parent|libpod_parent\/conmon|docker|default|k8s\.io)$/.test(group)) left.push(`group ${group}`);
      const busy = await removeGroup(group);
      if (busy !== undefined) left.push(`busy ${group} ${busy}`);
    }
    rmSync(this.directory, { recursive: true, force: true });
    return left;
  }
}

/** The directories below `root`; what others remove meanwhile is no error. */
function* directoriesBelow(root: string): Generator<string> {
  let entries: Dirent[] = [];
  try {
    entries = readdirSync(root, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries.filter((each) => each.isDirectory())) {
    const path = join(root, entry.name);
    yield path;
    yield* directoriesBelow(path);
  }
}

/** Kill what is in a control group and remove it. Why it is still there after five seconds, if it is. */
async function removeGroup(group: string): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
        process.kill(Number(pid), 'SIGKILL');
      rmdirSync(group);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      // A process that ends is in its group, and no longer to be killed, for a moment.
      if (tries === 50) return error;
      await delay(100);
    }
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
