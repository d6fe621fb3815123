// SPDX-License-Identifier: Apache-2.0
// `scripts/node benchmarks/fleet.ts [COUNT [secure|podman|dockerd...]]`: COUNT detached idle containers, started and stopped one
// after the other: ours, podman on crun and docker on runc, in their fastest settings. Ours are started by the plan of the first,
// as `secure run` does after planning; theirs are created before, so that only the start counts. Needs root.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { available } from './available.ts';
import { makeRootfs } from './bundle.ts';
import { leaveHybrid, runAlone } from './cgroups.ts';

const [given = '50', ...wanted] = process.argv.slice(2).filter((word) => word !== '--inside');
const count = Number(given);
const home = join(import.meta.dirname, '..');

if (!process.argv.includes('--inside')) {
  // dockerd makes networks and mounts; both end with these namespaces.
  process.exit(runAlone(join(import.meta.dirname, 'fleet.ts'), [given, ...wanted, '--inside'], ['--net']));
}

const directory = mkdtempSync(join(tmpdir(), 'secure-fleet-'));
const at = (name: string) => join(directory, name);
const seconds = (work: () => void): number => {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
};

function call(words: readonly string[], env = process.env): string {
  // Daemons of a container keep what they were given open, so no pipe is given for errors.
  return execFileSync(words[0] ?? '', words.slice(1), {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
}

function rootfs(): string {
  const root = at('rootfs');
  makeRootfs(root);
  execFileSync('tar', ['-C', root, '-cf', at('rootfs.tar'), '.']);
  return at('rootfs.tar');
}

function report(name: string, start: number, stop: number): void {
  const each = (total: number) =>
    `${total.toFixed(2).padStart(8)} s ${((total / count) * 1000).toFixed(1).padStart(7)} ms`;
  console.log(`  ${name.padEnd(28)}${each(start)}${each(stop)}`);
}

function ours(tar: string): void {
  const env = { ...process.env, SECURE_STATE_ROOT: at('state'), SECURE_RUN_ROOT: at('run') };
  const [secure, runtime] = [join(home, 'bin/secure'), join(home, 'build/release/secure-runtime')];
  call([secure, 'image', 'import', tar, '--rootfs', '--name', 'bench'], env);
  call([secure, 'run', '-d', '--network', 'none', 'bench', 'sleep', '36000'], env);
  call([secure, 'rm', '-f', ...call([secure, 'ps', '-q', '--no-trunc'], env).trim().split('\n')], env);
  const [plan = ''] = readdirSync(at('state/plans'));
  let ids: string[] = [];
  try {
    const start = seconds(() => {
      for (let i = 0; i < count; i++)
        execFileSync(runtime, ['launch', at(`state/plans/${plan}`)], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    });
    ids = call([secure, 'ps', '-q', '--no-trunc'], env).trim().split('\n');
    if (ids.length !== count) throw new Error(`${ids.length} run instead of ${count}`);
    report(
      'secure',
      start,
      seconds(() => call([secure, 'stop', '-t', '0', ...ids], env)),
    );
  } finally {
    ids = call([secure, 'ps', '-aq', '--no-trunc'], env).split('\n').filter(Boolean);
    if (ids.length > 0) call([secure, 'rm', '-f', ...ids], env);
  }
}

const names = Array.from({ length: count }, (_, i) => `fleet-${i}`);

function engine(name: string, words: readonly string[], options: readonly string[], tar: string): void {
  call([...words, 'import', tar, 'bench']);
  for (const one of names)
    call([...words, 'create', '--name', one, '--network', 'none', ...options, 'bench', '/bin/sleep', '36000']);
  const start = seconds(() => call([...words, 'start', ...names]));
  report(
    name,
    start,
    seconds(() => call([...words, 'stop', '-t', '0', ...names])),
  );
  call([...words, 'rm', '-f', ...names]);
}

function podman(tar: string): void {
  const words = ['podman', '--root', at('podman'), '--runroot', at('podman-run'), '--tmpdir', at('podman-tmp')];
  const all = [...words, '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--runtime', 'crun'];
  try {
    engine('podman, crun', all, ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'], tar);
  } finally {
    spawnSync(all[0] ?? '', [...all.slice(1), 'rm', '-fa', '-t', '0'], { stdio: 'ignore' });
  }
}

async function docker(tar: string): Promise<void> {
  const socket = `unix://${at('docker.sock')}`;
  const places = ['--data-root', at('docker'), '--exec-root', at('docker-exec'), '--pidfile', at('docker.pid')];
  const plain = ['--host', socket, '--userland-proxy=false', '--iptables=false', '--bridge', 'none'];
  const daemon = spawn('dockerd', [...places, ...plain], { stdio: 'ignore' });
  const words = ['docker', '--host', socket];
  try {
    for (let i = 0; i < 200 && spawnSync('docker', ['--host', socket, 'info']).status !== 0; i++)
      await new Promise((done) => setTimeout(done, 100));
    engine('docker, runc', words, [], tar);
  } finally {
    const left = spawnSync('docker', ['--host', socket, 'ps', '-aq'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean);
    if (left.length > 0) spawnSync('docker', ['--host', socket, 'rm', '-f', ...left], { stdio: 'ignore' });
    daemon.kill();
    await new Promise((done) => daemon.once('exit', done));
  }
}

leaveHybrid();
console.log(`${count} idle containers, one after the other\n  ${''.padEnd(28)}     start    each       stop    each`);
try {
  const tar = rootfs();
  const all: [string, () => void | Promise<void>][] = [
    ['secure', () => ours(tar)],
    ['podman', () => podman(tar)],
    ['dockerd', () => docker(tar)],
  ];
  for (const [name, measure] of all) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (name !== 'secure' && !available(name)) {
      console.log(`  ${name.padEnd(28)}is not installed`);
      continue;
    }
    try {
      await measure();
    } catch (error) {
      if (name === 'secure') throw error;
      console.log(`  ${name.padEnd(28)}could not be measured here: ${error instanceof Error ? error.message : error}`);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
