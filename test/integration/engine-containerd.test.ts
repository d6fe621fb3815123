// SPDX-License-Identifier: Apache-2.0
// Debian's containerd and its `ctr` on our runtime.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { answers, command, EngineFixture, NGINX, onTerminal, page, REDIS, redis } from '../support/engine.ts';
import { cannotRun, type Result } from '../support/secure.ts';

describe.skipIf(cannotRun())('containerd', () => {
  let fixture: EngineFixture;
  let daemon: ChildProcess;
  let socket: string;
  const roots = { busybox: '', nginx: '', redis: '' };
  const options = () => ['--runc-binary', runtimeBinary(), '--runc-root', join(fixture.directory, 'oci')];
  const ctr = (...args: readonly string[]): Promise<Result> => command('ctr', ['-a', socket, ...args]);
  const pid = async (id: string) => {
    const { stdout } = await ctr('task', 'ls');
    return (
      stdout
        .split('\n')
        .find((line) => line.startsWith(`${id} `))
        ?.split(/\s+/)[1] ?? ''
    );
  };
  const end = async (id: string) => {
    await ctr('task', 'kill', '-s', 'KILL', id);
    await answers('STOPPED', () => ctr('task', 'ls'));
    await ctr('task', 'rm', id);
    expect(await ctr('container', 'rm', id)).toMatchObject({ code: 0 });
  };

  beforeAll(async () => {
    fixture = new EngineFixture('default');
    const at = (name: string) => join(fixture.directory, name);
    socket = at('socket');
    writeFileSync(
      at('config.toml'),
      `version = 2
root = "${at('root')}"
state = "${at('state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${at('ttrpc')}"
`,
    );
    roots.busybox = fixture.busybox();
    // They write to their root, and the kept ones are for all tests.
    for (const [name, packageName] of [
      ['nginx', 'nginx-light'],
      ['redis', 'redis-server'],
    ] as const) {
      roots[name] = at(name);
      cpSync(await fixture.debian(packageName, name), roots[name], { recursive: true, verbatimSymlinks: true });
    }
    daemon = spawn('containerd', ['--config', at('config.toml')], { stdio: 'ignore' });
    await answers('Server', () => ctr('version'));
  }, 300_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    if (daemon.exitCode === null && daemon.kill('SIGTERM')) await ended;
    expect(await fixture.destroy()).toEqual([]);
  });

  it('runs: output, exit codes, a terminal', async () => {
    const words = ['run', '--rm', ...options(), '--rootfs', roots.busybox];
    expect(await ctr(...words, 'one', '/bin/echo', 'hello')).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect((await ctr(...words, 'two', '/bin/sh', '-c', 'exit 9')).code).toBe(9);
    const terminal = await onTerminal(['ctr', '-a', socket, 'run', '--tty', ...words.slice(1), 'three', '/bin/tty']);
    expect(terminal.stdout).toContain('/dev/pts/0');
  });

  it('keeps a container: exec, metrics, a limit', async () => {
    const words = ['run', '-d', ...options(), '--memory-limit', `${64 << 20}`, '--rootfs', roots.busybox];
    expect(await ctr(...words, 'kept', '/bin/sleep', '1000')).toMatchObject({ code: 0 });
    const exec = await ctr('task', 'exec', '--exec-id', 'e', 'kept', '/bin/sh', '-c', 'echo in; exit 5');
    expect(exec).toMatchObject({ code: 5, stdout: 'in\n' });
    expect((await ctr('task', 'ls')).stdout).toContain('RUNNING');
    expect((await ctr('task', 'metrics', 'kept')).stdout).toContain('pids.current');
    expect((await ctr('task', 'ps', 'kept')).stdout).toContain(await pid('kept'));
    expect((await ctr('task', 'pause', 'kept')).code).toBe(0);
    expect((await ctr('task', 'ls')).stdout).toContain('PAUSED');
    expect((await ctr('task', 'resume', 'kept')).code).toBe(0);
    await end('kept');
  });

  it('nginx serves, unmodified', async () => {
    const words = ['run', '-d', ...options(), '--rootfs', roots.nginx];
    expect(await ctr(...words, 'web', ...NGINX)).toMatchObject({ code: 0 });
    const process = await pid('web');
    expect(await answers('nginx', () => page(process))).toContain('Welcome to nginx');
    await end('web');
  });

  it('redis answers, unmodified', async () => {
    const words = ['run', '-d', ...options(), '--rootfs', roots.redis];
    expect(await ctr(...words, 'db', ...REDIS)).toMatchObject({ code: 0 });
    const process = await pid('db');
    await answers('+PONG', () => redis(process, 'PING'));
    expect((await redis(process, 'SET key value')).stdout).toContain('+OK');
    expect((await redis(process, 'GET key')).stdout).toContain('value');
    await end('db');
  });
});
