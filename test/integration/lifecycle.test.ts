// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('the life of a container', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());
  afterEach(() => secure.removeContainers());
  const start = (name: string, script: string, ...flags: string[]) =>
    secure.detached('--name', name, ...flags, 'busybox', 'sh', '-c', script);

  it('ps: running ones, with -a all, newest first; ids, JSON', async () => {
    const first = await start('first', 'exit 3');
    await secure.run('wait', 'first');
    const second = await start('second', 'sleep 600');
    const [head, ...rows] = (await secure.run('ps', '-a')).stdout.trimEnd().split('\n');
    expect(head?.split(/ {2,}/)).toEqual(['CONTAINER ID', 'IMAGE', 'COMMAND', 'PROFILE', 'CREATED', 'STATUS', 'NAMES']);
    expect(rows.map((row) => row.split(/ {2,}/).at(-1))).toEqual(['second', 'first']);
    expect(rows[1]).toContain('Exited (3)');
    expect((await secure.run('ps', '-q')).stdout).toBe(`${second.slice(0, 12)}\n`);
    expect(await secure.json('ps', '-a')).toMatchObject({
      schemaVersion: 1,
      containers: [
        { id: second, name: 'second', status: 'running', exitCode: null },
        { id: first, name: 'first', status: 'exited', exitCode: 3 },
      ],
    });
  });

  it('stop asks first and kills after its time; what is stopped can be waited for', async () => {
    await start('polite', 'trap "echo bye; exit 5" TERM; while :; do sleep 0.1; done');
    await start('deaf', 'trap "" TERM; while :; do sleep 0.1; done');
    await until('polite is ready', async () => (await secure.run('exec', 'polite', 'true')).code === 0);
    const { code, stdout } = await secure.run('stop', '-t', '1', 'polite', 'deaf');
    expect([code, stdout]).toEqual([0, 'polite\ndeaf\n']);
    expect((await secure.run('wait', 'polite', 'deaf')).stdout).toBe('5\n137\n');
    expect((await secure.run('logs', 'polite')).stdout).toBe('bye\n');
  });

  it('kill sends any signal', async () => {
    await start('job', 'trap "echo usr1" USR1; while :; do sleep 0.1; done');
    await until('the trap is set', async () => {
      await secure.run('kill', '-s', 'USR1', 'job');
      const { stdout } = await secure.run('logs', 'job');
      return stdout.startsWith('usr1');
    });
    expect((await secure.run('kill', 'job')).code).toBe(0);
    expect((await secure.run('wait', 'job')).stdout).toBe('137\n');
    const again = await secure.run('kill', 'job');
    expect([again.code, errorCode(again)]).toEqual([1, 'CONTAINER_NOT_RUNNING']);
  });

  it('rm: each one is tried, each failure is told', async () => {
    await start('up', 'sleep 600');
    await start('down', 'true');
    await secure.run('wait', 'down');
    const { code, stdout, stderr } = await secure.run('rm', 'up', 'nobody', 'down');
    expect([code, stdout]).toEqual([1, 'down\n']);
    expect(stderr).toMatch(/CONTAINER_RUNNING[\s\S]*NO_SUCH_CONTAINER/);
    expect(await secure.json('kill', 'up', 'nobody')).toMatchObject({
      schemaVersion: 1,
      results: [{ container: 'up' }, { container: 'nobody', error: { code: 'NO_SUCH_CONTAINER' } }],
    });
    expect((await secure.run('rm', '-f', 'up')).code).toBe(0);
    expect(await secure.containers()).toEqual([]);
  });

  it('logs: both streams, the last lines, times, and what comes later', async () => {
    const id = await start('talk', 'echo one; echo two >&2; sleep 0.2; echo three; sleep 1; echo four');
    const follow = secure.start('logs', '-f', 'talk');
    let followed = '';
    follow.stdout?.on('data', (data) => {
      followed += String(data);
    });
    const over = once(follow, 'exit');
    await secure.run('wait', id);
    expect(await over).toEqual([0, null]);
    expect(followed).toBe('one\nthree\nfour\n');
    const all = await secure.run('logs', 'talk');
    expect([all.stdout, all.stderr]).toEqual(['one\nthree\nfour\n', 'two\n']);
    expect((await secure.run('logs', '--tail', '1', 'talk')).stdout).toBe('four\n');
    expect((await secure.run('logs', '-t', '-n1', 'talk')).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z four\n$/);
    expect((await secure.run('logs', '--since', '2000-01-01', 'talk')).stdout).toBe(all.stdout);
    const lines = (await secure.run('logs', '--json', 'talk')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { stream: string });
    expect(lines.map(({ stream }) => stream)).toEqual(expect.arrayContaining(['stdout', 'stderr']));
  });

  it('logs -f ends when the container is removed, and quietly when nobody reads', async () => {
    await start('gone', 'while :; do echo line; sleep 0.1; done');
    const follow = secure.start('logs', '-f', 'gone');
    const over = once(follow, 'exit');
    if (follow.stdout !== null) await once(follow.stdout, 'data');
    await secure.run('rm', '-f', 'gone');
    expect(await over).toEqual([0, null]);
    await start('loud', 'yes | head -c 300000');
    await secure.run('wait', 'loud');
    const head = await secure.shell('"$@" logs loud | head -n 1; echo done');
    expect(head).toEqual({ code: 0, stdout: 'y\ndone\n', stderr: '' });
  });

  it('inspect: state and plan, for people and as JSON', async () => {
    const id = await start('seen', 'sleep 600', '--profile', 'strict', '--trust');
    const { stdout } = await secure.run('inspect', id.slice(0, 8));
    expect(stdout).toMatch(new RegExp(`id: +${id}\\n`));
    expect(stdout).toMatch(/profile: +strict\n/);
    expect(stdout).toMatch(/no-new-privileges +true +enforced/);
    expect(await secure.json('inspect', 'seen')).toMatchObject({
      schemaVersion: 1,
      container: { id, status: 'running' },
      plan: { ociVersion: expect.any(String), secure: { profile: 'strict', name: 'seen' } },
    });
    const missing = await secure.run('inspect', 'nobody');
    expect([missing.code, errorCode(missing)]).toEqual([1, 'NO_SUCH_CONTAINER']);
  });

  it('inspect --enforced: every required control is in force, read from the kernel', async () => {
    await start('proven', 'sleep 600', '--profile', 'strict', '--trust');
    const { code, stdout } = await secure.run('inspect', '--enforced', 'proven');
    expect(stdout).toMatch(/^CONTROL +PLANNED +IN FORCE +IN THE KERNEL +EVIDENCE\n/);
    expect([code, stdout.split('\n').filter((row) => / {3}NO {3}/.test(row))]).toEqual([0, []]);
    const document = await secure.json('inspect', '--enforced', 'proven');
    expect(document).toMatchObject({ schemaVersion: 1, pid: expect.any(Number), controls: expect.any(Array) });
    await secure.run('kill', 'proven');
    await secure.run('wait', 'proven');
    const over = await secure.run('inspect', '--enforced', 'proven');
    expect([over.code, errorCode(over)]).toEqual([1, 'CONTAINER_NOT_RUNNING']);
  });

  it('a container whose monitor was killed is dead, and can be removed', async () => {
    const id = await start('orphan', 'sleep 600');
    const { container } = (await secure.json('inspect', id)) as { container: { monitorPid: number; pid: number } };
    process.kill(container.monitorPid, 'SIGKILL');
    process.kill(container.pid, 'SIGKILL');
    await until('init is gone', () => !existsSync(`/proc/${container.pid}`));
    expect((await secure.run('logs', '-f', 'orphan')).code).toBe(0);
    expect((await secure.run('ps', '-a')).stdout).toContain('Dead');
    expect((await secure.run('rm', 'orphan')).code).toBe(0);
  });

  it('system prune removes what nothing uses, and neither containers nor images', async () => {
    await start('kept', 'true');
    await secure.run('wait', 'kept');
    const { code } = await secure.run('system', 'prune');
    expect(code).toBe(0);
    expect(await secure.containers()).toHaveLength(1);
    expect((await secure.run('run', '--rm', 'busybox', 'true')).code).toBe(0);
    expect(await secure.json('system', 'prune')).toMatchObject({
      schemaVersion: 1,
      runtime: [],
      images: { layers: [] },
    });
  });

  it('system info tells what this host offers', async () => {
    const info = await secure.json('system', 'info');
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
    expect(info).toMatchObject({
      schemaVersion: 1,
      host: { kernelRelease: release },
      roots: { state: join(secure.root, 'state') },
    });
    expect((await secure.run('system', 'info')).stdout).toContain(release);
  });
});
