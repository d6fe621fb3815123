// SPDX-License-Identifier: Apache-2.0
// nginx behind a published port, asked by wrk over loopback: secure (strict), docker with its userland proxy off, podman. The same
// image and command, one after the other in rounds, so that a slow moment of the machine hits all of them.
// Usage: network.ts DIRECTORY, where DIRECTORY/state holds the image. Started by run.ts in a network and a mount namespace of its
// own: docker changes the firewall.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { available } from './available.ts';

const home = join(import.meta.dirname, '..');
const SECONDS = 4;
const ROUNDS = 3;
const CONNECTIONS = [1, 16, 64, 256];
const IMAGE = 'localhost/nginx:latest';
const SERVE = ['nginx', '-g', 'daemon off;'];

interface Server {
  readonly name: string;
  readonly url: string;
  stop(): void;
}
interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly errors: number;
}

const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}

function ours(directory: string): Server {
  const env = { ...process.env, SECURE_STATE_ROOT: join(directory, 'state'), SECURE_RUN_ROOT: join(directory, 'run') };
  const program = join(home, 'bin/secure');
  const flags = ['--profile', 'strict', '--name', 'bench', '-p', '127.0.0.1:8101:80'];
  execFileSync(program, ['run', '-d', ...flags, 'nginx', ...SERVE], { ...quiet, env });
  const stop = () => void spawnSync(program, ['rm', '-f', 'bench'], { env });
  return { name: 'secure (strict)', url: 'http://127.0.0.1:8101/', stop };
}

/** Our image as an archive that the others load. */
function archive(directory: string): string {
  const file = join(directory, 'nginx.tar');
  const from = `oci:${join(directory, 'state/images')}:${IMAGE}`;
  execFileSync('skopeo', ['copy', '-q', from, `docker-archive:${file}:${IMAGE}`], quiet);
  return file;
}

async function docker(directory: string, image: string): Promise<Server> {
  const socket = `unix://${join(directory, 'docker.sock')}`;
  const log = openSync(join(directory, 'dockerd.log'), 'w');
  const paths = ['--data-root', join(directory, 'docker'), '--exec-root', join(directory, 'docker-exec')];
  const args = [...paths, '--pidfile', join(directory, 'docker.pid'), '-H', socket, '--userland-proxy=false'];
  const daemon: ChildProcess = spawn('dockerd', args, { stdio: ['ignore', log, log] });
  const client = (words: readonly string[]) => spawnSync('docker', ['-H', socket, ...words], { encoding: 'utf8' });
  const stop = () => {
    client(['rm', '-f', 'bench']);
    daemon.kill('SIGTERM');
  };
  for (let tries = 0; client(['info']).status !== 0; tries++) {
    if (tries === 120) {
      stop();
      throw new Error(`dockerd does not start: see ${join(directory, 'dockerd.log')}`);
    }
    await sleep(250);
  }
  client(['load', '-i', image]);
  const limits = ['--ulimit', 'nofile=1024:1024'];
  const started = client(['run', '-d', '--name', 'bench', ...limits, '-p', '127.0.0.1:8102:80', IMAGE, ...SERVE]);
  if (started.status !== 0) {
    stop();
    throw new Error(`docker run: ${started.stderr}`);
  }
  return { name: 'docker, no userland proxy', url: 'http://127.0.0.1:8102/', stop };
}

function podman(directory: string, image: string): Server {
  const roots = ['--root', join(directory, 'podman'), '--runroot', join(directory, 'podman-run')];
  const program = [...roots, '--cgroup-manager', 'cgroupfs', '--runtime', 'crun'];
  execFileSync('podman', [...program, 'load', '-q', '-i', image], quiet);
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const words = ['run', '-d', '--name', 'bench', ...limits, '-p', '127.0.0.1:8103:80', IMAGE, ...SERVE];
  execFileSync('podman', [...program, ...words], quiet);
  const stop = () => {
    spawnSync('podman', [...program, 'rm', '-f', 'bench']);
    spawnSync('podman', [...roots, 'system', 'reset', '--force']);
  };
  return { name: 'podman', url: 'http://127.0.0.1:8103/', stop };
}

/** One run of wrk. Errors are those of sockets and statuses that are not 2xx or 3xx. */
function ask(url: string, connections: number): Measured {
  const args = ['-t1', `-c${connections}`, `-d${SECONDS}s`, url];
  const text = execFileSync('wrk', args, { encoding: 'utf8' });
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requests: number(/(\d+) requests in/),
    perSecond: number(/Requests\/sec:\s*([\d.]+)/),
    errors: sockets.reduce((sum, count) => sum + Number(count), number(/Non-2xx or 3xx responses: (\d+)/)),
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function measure(servers: readonly Server[], connections: number): void {
  const results = servers.map(() => [] as Measured[]);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, { url }] of servers.entries()) results[i]?.push(ask(url, connections));
  const own = median(results[0]?.map(({ perSecond }) => perSecond) ?? []);
  for (const [i, { name }] of servers.entries()) {
    const runs = results[i] ?? [];
    const speed = median(runs.map(({ perSecond }) => perSecond));
    const total = runs.reduce((sum, { requests }) => sum + requests, 0);
    const errors = runs.reduce((sum, run) => sum + run.errors, 0);
    const cells = [String(connections).padStart(5), name.padEnd(26), speed.toFixed(0).padStart(9)];
    console.log(
      `  ${cells.join('  ')}  ${(own / speed).toFixed(2).padStart(13)}  ${String(total).padStart(9)}  ${String(errors).padStart(6)}`,
    );
  }
}

const [, , directory = ''] = process.argv;
const servers: Server[] = [];
try {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // What docker and podman keep below /run must not meet that of the machine.
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/lock');
  servers.push(ours(directory));
  const image = archive(directory);
  if (available('dockerd')) servers.push(await docker(directory, image));
  if (available('podman')) servers.push(podman(directory, image));
  for (const { url } of servers) await answers(url);
  console.log(`\nnginx behind a published port, wrk over loopback, median of ${ROUNDS} times ${SECONDS} s`);
  console.log('  conns  server                      req/s    ours / theirs   requests  errors');
  for (const connections of CONNECTIONS) measure(servers, connections);
} finally {
  for (const server of servers) server.stop();
  await sleep(500);
}
