// SPDX-License-Identifier: Apache-2.0
// What podman and docker, whose command lines are nearly the same, have to do on our runtime.
import { expect, it } from 'vitest';
import { answers, NGINX, onTerminal, page, REDIS, redis } from './engine.ts';
import type { Result } from './secure.ts';

export interface Engine {
  /** Program and options before the command. */
  readonly words: readonly string[];
  /** Options of every `run`. */
  readonly options: readonly string[];
  run(...args: readonly string[]): Promise<Result>;
  /** Whether the engine has noticed that the memory limit killed it. */
  oomSeen(name: string): Promise<boolean>;
}

const LOOP = 'echo started; trap "echo term; exit 7" TERM; while :; do sleep 0.1; done';

/** `localhost/busybox`, `nginx` and `redis` are there already. */
export function engineChecks(engine: () => Engine): void {
  const run = (...args: readonly string[]) => engine().run(...args);
  const start = (...args: readonly string[]) => run('run', ...engine().options, ...args);
  const once = (...args: readonly string[]) => start('--rm', ...args);
  const inspect = async (name: string, format: string) => (await run('inspect', '-f', format, name)).stdout.trim();

  it('runs: output, exit codes, a command that is missing', async () => {
    expect(await once('busybox', 'echo', 'hello')).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect((await once('busybox', 'sh', '-c', 'exit 9')).code).toBe(9);
    const missing = await once('busybox', 'nosuch');
    expect(missing.code).toBe(127);
    expect(missing.stderr).toMatch(/nosuch.*No such file or directory/i);
    expect((await once('busybox', '/etc')).code).toBe(126);
  });

  it('runs on a terminal', async () => {
    const { words, options } = engine();
    const ran = await onTerminal([...words, 'run', '--rm', '-it', ...options, 'busybox', 'sh', '-c', 'tty; exit 3']);
    expect(ran.stdout).toContain('/dev/pts/0');
    expect(ran.code).toBe(3);
  });

  it('keeps a container: exec, logs, stats, volumes, limits, cp, stop, start, restart, kill', async () => {
    const limits = ['--memory', '64m', '--pids-limit', '50', '--cpus', '0.5'];
    const volumes = ['-v', '/etc/apt:/ro:ro', '-v', 'named:/named'];
    expect(await start('-d', '--name', 'kept', ...limits, ...volumes, 'busybox', 'sh', '-c', LOOP)).toMatchObject({
      code: 0,
    });
    expect(await run('exec', 'kept', 'sh', '-c', 'echo in; exit 5')).toMatchObject({ code: 5, stdout: 'in\n' });
    const terminal = await onTerminal([...engine().words, 'exec', '-it', 'kept', 'sh', '-c', 'tty; exit 4']);
    expect(terminal.stdout).toMatch(/\/dev\/pts\/\d/);
    expect(terminal.code).toBe(4);
    expect((await run('exec', 'kept', 'touch', '/ro/x')).stderr).toContain('Read-only file system');
    expect((await run('exec', 'kept', 'touch', '/named/x')).code).toBe(0);
    expect((await once('-v', 'named:/n', 'busybox', 'ls', '/n')).stdout).toBe('x\n');
    expect((await run('exec', '-d', 'kept', 'touch', '/tmp/detached')).code).toBe(0);
    await answers('detached', () => run('exec', 'kept', 'ls', '/tmp'));
    expect((await run('logs', 'kept')).stdout).toBe('started\n');
    expect((await run('stats', '--no-stream', 'kept')).stdout).toMatch(/64MiB|67\.11MB/);
    const own = ['cat', '/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/pids/pids.max'];
    expect((await run('exec', 'kept', ...own)).stdout).toBe(`${64 << 20}\n50\n`);
    expect((await run('top', 'kept')).stdout).toContain('echo started');
    expect((await run('pause', 'kept')).code).toBe(0);
    expect(await inspect('kept', '{{.State.Status}}')).toBe('paused');
    expect((await run('unpause', 'kept')).code).toBe(0);
    expect(await inspect('kept', '{{.State.Status}}')).toBe('running');
    expect((await run('cp', 'kept:/etc/hostname', '-')).code).toBe(0);
    expect((await run('stop', '-t', '10', 'kept')).code).toBe(0);
    expect(await inspect('kept', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 7');
    expect((await run('logs', 'kept')).stdout).toBe('started\nterm\n');
    expect((await run('start', 'kept')).code).toBe(0);
    expect((await run('restart', '-t', '1', 'kept')).code).toBe(0);
    expect((await run('kill', 'kept')).code).toBe(0);
    expect((await run('wait', 'kept')).stdout.trim()).toBe('137');
    expect((await run('rm', 'kept')).code).toBe(0);
  });

  it('confines: read-only root, capabilities, a seccomp profile, the memory limit', async () => {
    const options = ['--read-only', '--cap-drop', 'all', '--cap-add', 'net_raw'];
    const ran = await once(...options, 'busybox', 'sh', '-c', 'touch /x; grep -E "CapEff|Seccomp:" /proc/self/status');
    expect(ran.stderr).toContain('Read-only file system');
    expect(ran.stdout).toBe('CapEff:\t0000000000002000\nSeccomp:\t2\n');
    const limits = ['--memory', '16m', '--memory-swap', '16m'];
    const hungry = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1'];
    expect((await start('--name', 'oom', ...limits, 'busybox', ...hungry)).code).toBe(137);
    expect(await engine().oomSeen('oom')).toBe(true);
    expect((await run('rm', 'oom')).code).toBe(0);
  });

  it('shares namespaces: of the host, of another container; with an init', async () => {
    const host = (await once('--pid', 'host', 'busybox', 'readlink', '/proc/self/ns/pid')).stdout;
    expect(host).toMatch(/^pid:\[4026531836\]/);
    expect((await start('-d', '--name', 'first', '--init', 'busybox', 'sleep', '1000')).code).toBe(0);
    const own = engine().options.filter((word) => word !== '--network' && word !== 'none');
    const joined = ['--network', 'container:first', '--pid', 'container:first'];
    const seen = await run('run', '--rm', ...own, ...joined, 'busybox', 'ps');
    expect(seen.stdout).toContain('sleep 1000');
    expect((await run('rm', '-f', 'first')).code).toBe(0);
  });

  it('nginx serves, unmodified', async () => {
    expect(await start('-d', '--name', 'web', 'nginx', ...NGINX)).toMatchObject({ code: 0 });
    const pid = await inspect('web', '{{.State.Pid}}');
    expect(await answers('nginx', () => page(pid))).toContain('Welcome to nginx');
    expect((await run('rm', '-f', 'web')).code).toBe(0);
  });

  it('redis answers, unmodified', async () => {
    expect(await start('-d', '--name', 'db', 'redis', ...REDIS)).toMatchObject({ code: 0 });
    const pid = await inspect('db', '{{.State.Pid}}');
    await answers('+PONG', () => redis(pid, 'PING'));
    expect((await redis(pid, 'SET key value')).stdout).toContain('+OK');
    expect((await run('exec', 'db', 'redis-cli', 'GET', 'key')).stdout).toBe('value\n');
    expect((await run('rm', '-f', 'db')).code).toBe(0);
  });
}
