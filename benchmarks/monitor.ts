// SPDX-License-Identifier: Apache-2.0
// `scripts/node benchmarks/monitor.ts [COUNT]`: what one idle container costs in memory besides its own processes: our monitor, podman's
// conmon and containerd's shim, COUNT of each at once. PSS: a page that n processes share counts as 1/n for each. Needs root.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { available } from './available.ts';
import { makeRootfs } from './bundle.ts';
import { leaveHybrid, runAlone } from './cgroups.ts';

const count = Number(process.argv[2] ?? 50);
const home = join(import.meta.dirname, '..');

if (process.argv[3] !== '--inside') {
  process.exit(runAlone(join(import.meta.dirname, 'monitor.ts'), [String(count), '--inside']));
}
leaveHybrid();

const directory = mkdtempSync(join(tmpdir(), 'secure-bench-monitor-'));
const env = { ...process.env, SECURE_STATE_ROOT: join(directory, 'state'), SECURE_RUN_ROOT: join(directory, 'run') };

/** KiB of one process by the names of smaps_rollup. */
function memory(pid: number): Record<string, number> {
  const rows = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^(\w+): +(\d+) kB/gm);
  return Object.fromEntries([...rows].map(([, name = '', value]) => [name, Number(value)]));
}

/** Those whose program or command line matches. */
function pids(match: (exe: string, words: readonly string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return match(readlinkSync(`/proc/${pid}/exe`), readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
      } catch {
        return false;
      }
    });
}

function report(name: string, found: readonly number[]): void {
  const all = found.map(memory);
  const mean = (key: string) => all.reduce((sum, one) => sum + (one[key] ?? 0), 0) / all.length;
  const text = (key: string) => mean(key).toFixed(0).padStart(8);
  const own = all.reduce((sum, one) => sum + (one.Private_Dirty ?? 0) + (one.Private_Clean ?? 0), 0) / all.length;
  console.log(
    `  ${name.padEnd(28)}${String(found.length).padStart(6)}${text('Pss')}${own.toFixed(0).padStart(9)}${text('Rss')}`,
  );
}

function ours(root: string): void {
  const secure = join(home, 'bin/secure');
  const tar = join(directory, 'rootfs.tar');
  execFileSync('tar', ['-C', root, '-cf', tar, '.']);
  execFileSync(secure, ['image', 'import', tar, '--rootfs', '--name', 'bench'], { env, stdio: 'ignore' });
  try {
    const first = execFileSync(secure, ['run', '-d', '--network', 'none', 'bench', 'sleep', '3600'], {
      env,
      encoding: 'utf8',
    });
    // The plan of that call, without Node for each of the others.
    const [plan = ''] = readdirSync(join(directory, 'state/plans'));
    const runtime = join(home, 'build/release/secure-runtime');
    for (let i = 1; i < count; i += 1)
      execFileSync(runtime, ['launch', join(directory, 'state/plans', plan)], { env, stdio: 'ignore' });
    const { monitorPid } = JSON.parse(
      execFileSync(runtime, ['container', 'state', first.trim()], { env, encoding: 'utf8' }),
    ) as { monitorPid: number };
    const program = readlinkSync(`/proc/${monitorPid}/exe`);
    report(
      'secure-monitor',
      pids((exe, words) => exe === program && words[0] === 'secure-monitor'),
    );
  } finally {
    const list = execFileSync(secure, ['ps', '-aq', '--no-trunc'], { env, encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
    if (list.length > 0) execFileSync(secure, ['rm', '-f', ...list], { env, stdio: 'ignore' });
  }
}

/** A bundle that crun runs with nothing but a pid and a mount namespace: the container is not what is measured. */
function bundle(name: string, root: string): string {
  const at = join(directory, 'bundles', name);
  mkdirSync(at, { recursive: true });
  const config = {
    ociVersion: '1.0.2',
    process: { args: ['/bin/sleep', '3600'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    root: { path: root, readonly: true },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }, { type: 'network' }] },
  };
  writeFileSync(join(at, 'config.json'), JSON.stringify(config));
  return at;
}

/** As podman starts it: a log, an attach socket, an exit file. Its runtime is crun with cgroups left alone. */
function conmon(root: string): void {
  const state = join(directory, 'crun');
  const names = Array.from({ length: count }, (_, i) => `bench-conmon-${i}`);
  try {
    for (const name of names) {
      const at = bundle(name, root);
      const files = ['-p', join(at, 'pid'), '-P', join(at, 'conmon-pid'), '--exit-dir', at, '--socket-dir-path', at];
      const log = ['-l', `k8s-file:${join(at, 'log')}`];
      const runtime = [
        '-r',
        '/usr/bin/crun',
        '--runtime-arg',
        `--root=${state}`,
        '--runtime-arg',
        '--cgroup-manager=disabled',
      ];
      execFileSync(
        'conmon',
        ['--api-version', '1', '-c', name, '-u', name, '-n', name, '-b', at, ...files, ...log, ...runtime],
        { stdio: 'ignore' },
      );
      spawnSync('crun', ['--root', state, '--cgroup-manager=disabled', 'start', name], { stdio: 'inherit' });
    }
    report(
      'conmon',
      pids((exe, words) => exe.endsWith('/conmon') && words.some((word) => word.startsWith(directory))),
    );
  } finally {
    for (const name of names)
      spawnSync('crun', ['--root', state, '--cgroup-manager=disabled', 'delete', '--force', name], { stdio: 'ignore' });
  }
}

/** Its own containerd on a private socket; the daemon is what every shim needs besides. */
async function shim(root: string): Promise<void> {
  const socket = join(directory, 'containerd.sock');
  const config = join(directory, 'containerd.toml');
  const plugins =
    '[plugins]\n  [plugins."io.containerd.grpc.v1.cri"]\n  [plugins."io.containerd.internal.v1.opt"]\n    path = "' +
    join(directory, 'opt') +
    '"\n';
  writeFileSync(
    config,
    `version = 2\nroot = "${join(directory, 'containerd')}"\nstate = "${join(directory, 'containerd-state')}"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${socket}"\n[ttrpc]\n  address = "${socket}.ttrpc"\n${plugins}`,
  );
  const daemon = spawn('containerd', ['--config', config], { stdio: 'ignore' });
  const ctr = (...args: string[]) =>
    spawnSync('ctr', ['--address', socket, '--namespace', 'bench', ...args], { encoding: 'utf8' });
  const names = Array.from({ length: count }, (_, i) => `bench-shim-${i}`);
  try {
    for (let i = 0; i < 100 && ctr('version').status !== 0; i += 1) await new Promise((done) => setTimeout(done, 100));
    for (const name of names) {
      const at = bundle(name, root);
      const result = ctr('run', '-d', '--null-io', '--config', join(at, 'config.json'), name);
      if (result.status !== 0) throw new Error(`ctr run: ${result.stderr.trim().slice(-300)}`);
    }
    report(
      'containerd-shim-runc-v2',
      pids((exe, words) => exe.endsWith('containerd-shim-runc-v2') && words.includes(socket)),
    );
    report('  and one containerd', [daemon.pid ?? 0]);
  } finally {
    for (const name of names) {
      ctr('task', 'kill', '-s', 'SIGKILL', name);
      ctr('task', 'rm', '--force', name);
      ctr('container', 'rm', name);
    }
    daemon.kill();
    await new Promise((done) => daemon.once('exit', done));
  }
}

console.log(`Idle detached containers, KiB for each monitor\n  ${''.padEnd(28)} count     PSS  private     RSS`);
try {
  const root = join(directory, 'rootfs');
  makeRootfs(root);
  ours(root);
  const peers: [string, () => void | Promise<void>][] = [
    ['conmon', () => conmon(root)],
    ['containerd-shim-runc-v2', () => shim(root)],
  ];
  for (const [name, measure] of peers) {
    if (!available(name)) {
      console.log(`  ${name.padEnd(28)}  is not installed`);
      continue;
    }
    try {
      await measure();
    } catch (error) {
      console.log(
        `  ${name.padEnd(28)}  could not be measured here: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
