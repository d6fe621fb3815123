// SPDX-License-Identifier: Apache-2.0
// Health checks, memory and logs of detached containers.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('the monitor', { timeout: 400_000 }, () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());
  afterEach(() => secure.removeContainers());
  // Not the pages of the program, which come and go with what it happens to execute.
  const anonymous = (pid: number): number =>
    Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

  it('health: starting, healthy, unhealthy, and healthy again; the answers are kept', async () => {
    const check = ['--health-cmd', 'id -u; test -e /dev/shm/ok', '--health-interval', '200ms', '--health-retries', '2'];
    await secure.detached('--name', 'well', ...check, '--user', 'web', 'busybox', 'sleep', '600');
    await until('it is unhealthy', () => secure.state('well').health?.status === 'unhealthy', 60);
    expect((await secure.run('ps')).stdout).toContain('(unhealthy)');
    secure.native('exec', 'well', '--', 'touch', '/dev/shm/ok');
    await until('it is healthy', () => secure.state('well').health?.status === 'healthy', 60);
    // As the container's user, inside its user namespace.
    expect(secure.state('well').health?.log.at(-1)).toMatchObject({ exitCode: 0, output: '33\n' });
    expect((await secure.run('inspect', 'well')).stdout).toMatch(/health: +healthy \(0 failures/);
    await until('no more than five are kept', () => secure.state('well').health?.log.length === 5, 60);
  });

  it('health: what does not answer in time is killed, and what it says is bounded', async () => {
    const slow = ['--health-cmd', 'yes | head -c 100000; sleep 517 & sleep 518', '--health-timeout', '1s'];
    await secure.detached(
      '--name',
      'slow',
      ...slow,
      '--health-interval',
      '300ms',
      '--health-retries',
      '1',
      'busybox',
      'sleep',
      '600',
    );
    await until('it is unhealthy', () => secure.state('slow').health?.status === 'unhealthy', 60);
    const [answer] = secure.state('slow').health?.log ?? [];
    expect(answer?.exitCode).toBe(-1);
    expect(answer?.output.length).toBe(4096);
    const processes = secure.native('exec', 'slow', '--', 'ps', '-o', 'args');
    expect(processes.split('\n').filter((line) => line.startsWith('sleep 51')).length).toBeLessThanOrEqual(2);
    await secure.run('stop', '-t', '0', 'slow');
    expect(secure.state('slow')).toMatchObject({ status: 'exited', exitCode: 137 });
  });

  it('health: nothing counts in the start period; a probe that cannot run is a failure', async () => {
    const check = ['--health-cmd', 'exit 1', '--health-interval', '100ms', '--health-start-interval', '100ms'];
    await secure.detached(
      '--name',
      'young',
      ...check,
      '--health-start-period',
      '1h',
      '--health-retries',
      '1',
      'busybox',
      'sleep',
      '600',
    );
    await until('it was asked', () => (secure.state('young').health?.log.length ?? 0) >= 3, 60);
    expect(secure.state('young').health).toMatchObject({ status: 'starting', failingStreak: 0 });
  });

  it('out of memory: limit and peak are told, and 1 GiB of output does not make the monitor grow', async () => {
    const eat = 'x=$(head -c 67108864 /dev/zero | tr "\\0" a); echo never';
    const code = await secure.run(
      'run',
      '--name',
      'hungry',
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      'busybox',
      'sh',
      '-c',
      eat,
    );
    expect(code.stderr).toMatch(/OUT_OF_MEMORY: .*limit 16777216 bytes, peak 1\d{7}/);
    expect(secure.state('hungry')).toMatchObject({ oomKilled: true, memory: { limit: 16_777_216 } });
    expect((await secure.run('ps', '-a')).stdout).toMatch(/out of memory \(limit 16 MiB, peak 1[56]/);
    const flood =
      'until [ -e /dev/shm/go ]; do sleep 0.1; done; dd if=/dev/zero bs=1M count=1024 2>/dev/null | tr "\\0" x; yes 0123456789 | head -c 30000000; echo; echo done; sleep 600';
    await secure.detached(
      '--name',
      'flood',
      '--log-driver',
      'local',
      '--log-opt',
      'max-size=1m',
      '--log-opt',
      'max-file=3',
      'busybox',
      'sh',
      '-c',
      flood,
    );
    const { monitorPid, bundle } = secure.state('flood');
    const before = anonymous(monitorPid);
    secure.native('exec', 'flood', '--', 'touch', '/dev/shm/go');
    // While it is rotated there is a moment without the newest file.
    const log = join(bundle, 'log');
    const written = () => {
      try {
        return readFileSync(log).subarray(-20).includes('done');
      } catch {
        return false;
      }
    };
    await until('all of it was written', written, 240);
    expect(anonymous(monitorPid) - before).toBeLessThan(400);
    const files = readdirSync(bundle).filter((name) => /^log/.test(name));
    expect(files.sort()).toEqual(['log', 'log.1', 'log.2']);
    for (const name of files) expect(statSync(join(bundle, name)).size).toBeLessThanOrEqual(2 ** 20);
    expect((await secure.run('logs', '--tail', '1', 'flood')).stdout).toBe('done\n');
  });

  it('logs: followed over rotations; none is none', async () => {
    const script =
      'i=0; while [ $i -lt 3000 ]; do echo "$i 0123456789012345678901234567890123456789"; i=$((i+1)); done';
    const bounds = ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=10'];
    await secure.detached('--name', 'many', ...bounds, 'busybox', 'sh', '-c', script);
    const { stdout } = await secure.run('logs', '-f', 'many');
    const numbers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split(' ')[0]));
    expect(numbers).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    await secure.detached('--name', 'mute', '--log-driver', 'none', 'busybox', 'sh', '-c', 'echo x');
    secure.native('wait', 'mute');
    const off = await secure.run('logs', 'mute');
    expect([off.code, errorCode(off)]).toEqual([1, 'LOG_OFF']);
    expect(existsSync(join(secure.state('mute').bundle, 'log'))).toBe(false);
  });
});
