// SPDX-License-Identifier: Apache-2.0
// A detached container that is started again by its monitor, and what ends that for good.
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('restart policies', { timeout: 300_000 }, () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());
  afterEach(() => secure.removeContainers());
  const start = (name: string, restart: string, script: string, ...flags: string[]) =>
    secure.detached('--name', name, '--restart', restart, ...flags, 'busybox', 'sh', '-c', script);

  it('on-failure: as often as asked, with a fresh root, the same layer and the last exit code', async () => {
    const script = 'echo run >>/srv/runs; ls /dev/shm; touch /dev/shm/mine; cat /srv/runs; exit 7';
    await start('count', 'on-failure:2', script, '--profile', 'baseline');
    expect((await secure.run('wait', 'count')).stdout).toBe('7\n');
    expect(secure.state('count')).toMatchObject({
      status: 'exited',
      exitCode: 7,
      restarts: 2,
      lastRun: { exitCode: 7 },
    });
    // The writable layer is kept; what was mounted on it is new.
    expect((await secure.run('logs', 'count')).stdout).toBe('run\n'.repeat(6));
    expect((await secure.run('inspect', 'count')).stdout).toMatch(/restarts: +2 \(on-failure, at most 2\)/);
  });

  it('on-failure leaves a success alone, always does not', async () => {
    await start('fine', 'on-failure', 'exit 0');
    expect((await secure.run('wait', 'fine')).stdout).toBe('0\n');
    expect(secure.state('fine')).toMatchObject({ status: 'exited', restarts: 0 });
    await start('ever', 'always', 'exit 0');
    await until('it was started again', () => secure.state('ever').restarts >= 2);
    await secure.run('stop', 'ever');
    expect(secure.state('ever')).toMatchObject({ status: 'exited', exitCode: 0 });
  });

  it('stop while it waits for its restart ends it, as kill and rm -f do', async () => {
    for (const command of [['stop'], ['kill'], ['delete', '--force']]) {
      await start('waits', 'always', 'exit 5');
      await until('it waits long enough', () => {
        const { status, restarts } = secure.state('waits');
        return status === 'restarting' && restarts >= 4;
      });
      expect((await secure.run('ps')).stdout).toContain('Restarting (5)');
      expect(() => secure.native('delete', 'waits')).toThrow(/CONTAINER_RUNNING/);
      const { monitorPid } = secure.state('waits');
      secure.native(...(command as [string]), 'waits', ...(command[0] === 'kill' ? ['KILL'] : []));
      await until('the monitor is gone', () => !existsSync(`/proc/${monitorPid}`));
      if (command[0] !== 'delete') {
        expect(secure.state('waits')).toMatchObject({ status: 'exited', exitCode: 5 });
        expect(secure.native('wait', 'waits')).toBe('5\n');
        secure.native('delete', 'waits');
      }
      expect(JSON.parse(secure.native('list'))).toEqual([]);
    }
  });

  it('stop at any moment of a container that ends all the time ends it', async () => {
    for (let round = 0; round < 4; round += 1) {
      const name = `racy-${round}`;
      await start(name, 'always', 'exit 1');
      await new Promise((resolve) => setTimeout(resolve, round * 37));
      secure.native('stop', '--time', '1', name);
      const { restarts, status } = secure.state(name);
      expect(status).toBe('exited');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(secure.state(name)).toMatchObject({ status: 'exited', restarts });
    }
  });

  it('a signal that is no request to stop does not end it', async () => {
    await start('hup', 'always', 'trap "exit 9" HUP; echo ready; while :; do sleep 0.05; done');
    await until('ready', async () => (await secure.run('logs', 'hup')).stdout === 'ready\n');
    await secure.run('kill', '-s', 'HUP', 'hup');
    await until('it runs again', async () => {
      const { status, restarts } = secure.state('hup');
      return restarts === 1 && status === 'running';
    });
    expect(secure.state('hup').lastRun).toMatchObject({ exitCode: 9, oomKilled: false });
    await secure.run('rm', '-f', 'hup');
  });

  it('a monitor that is killed takes it along, and nothing comes back', async () => {
    await start('orphan', 'always', 'sleep 600');
    const { monitorPid, pid } = secure.state('orphan');
    process.kill(monitorPid, 'SIGKILL');
    await until('it is gone', () => !existsSync(`/proc/${pid}`));
    await until('it is dead', async () => secure.state('orphan').status === 'dead');
    expect((await secure.run('rm', 'orphan')).code).toBe(0);
  });

  it('keeps its address and its port', async () => {
    await start(
      'net',
      'always',
      'ip -4 -o addr show eth0; sleep 0.3; exit 1',
      '-p',
      '127.0.0.1:18080:80',
      '--network',
      'bridge',
      '--profile',
      'baseline',
    );
    await until('it ran twice', async () => (await secure.run('logs', 'net')).stdout.split('\n').length >= 3);
    const [first, second] = (await secure.run('logs', 'net')).stdout
      .split('\n')
      .map((text) => /inet \S+/.exec(text)?.[0]);
    expect(first).toMatch(/inet \d/);
    expect(second).toBe(first);
    const other = await secure.run('run', '-d', '-p', '127.0.0.1:18080:80', '--profile', 'baseline', 'busybox', 'true');
    expect([other.code, errorCode(other)]).toEqual([125, 'PORT_IN_USE']);
    await secure.run('stop', '-t', '0', 'net');
    expect(secure.state('net').status).toBe('exited');
  });

  it('is refused where nobody could do it', async () => {
    for (const flags of [
      ['--restart', 'always'],
      ['-d', '--rm', '--restart', 'always'],
    ]) {
      const result = await secure.run('run', ...flags, 'busybox', 'true');
      expect([result.code, errorCode(result)]).toEqual([125, 'INVALID_VALUE']);
    }
  });
});
