// SPDX-License-Identifier: Apache-2.0
// The contract of `strict`, read from a live container and from nothing else: /proc of the host, the cgroup file
// systems, and what the container's own user can do.
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianState } from '../support/debian.ts';
import { bend, planOf, runtime, storePlan } from '../support/plan.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const RANGE = 65536;

describe.skipIf(cannotRun())('strict, in a live container', () => {
  let secure: Secure;
  let id: string;
  let pid: number;
  let status: Map<string, string>;
  const proc = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');

  beforeAll(async () => {
    secure = await Secure.create();
    // An image that was built here, so that nothing has to be trusted by a flag.
    rmSync(secure.env.SECURE_STATE_ROOT ?? '', { recursive: true });
    await debianState(secure.env.SECURE_STATE_ROOT ?? '', 'busybox-static', 'busybox');
    const bound = mkdtempSync(join(secure.root, 'bound-'));
    chmodSync(bound, 0o777);
    const plan = bend(
      await planOf(secure, '-d', '--name', 'live', '--profile', 'strict', 'busybox', 'sleep', '600'),
      (p) => {
        p.mounts.push({
          destination: '/bound',
          type: 'bind',
          source: bound,
          options: ['bind', 'rw', 'nosuid', 'nodev'],
        });
      },
    );
    const launched = await runtime(secure, 'launch', storePlan(secure, plan));
    id = launched.stdout.trim();
    pid = (JSON.parse((await runtime(secure, 'state', id)).stdout) as { pid: number }).pid;
    status = new Map(
      proc('status')
        .split('\n')
        .map((line) => line.split(':\t') as [string, string]),
    );
  });
  afterAll(() => secure.destroy());

  it('runs as a user that is not root inside and lies in a private range outside', () => {
    const [inside, outside, size] = proc('uid_map').trim().split(/\s+/).map(Number);
    expect([inside, size]).toEqual([0, RANGE]);
    const real = Number(status.get('Uid')?.split('\t')[0]);
    expect(real).toBeGreaterThan(outside ?? Number.NaN);
    expect(real).toBeLessThan((outside ?? Number.NaN) + RANGE);
    expect(outside).toBeGreaterThanOrEqual(1879048192);
    for (const map of ['uid_map', 'gid_map']) expect(proc(map).trim().split('\n')).toHaveLength(1);
  });

  it('two containers never share a range', async () => {
    const other = await secure.detached('--profile', 'strict', 'busybox', 'sleep', '600');
    const { pid: otherPid } = JSON.parse((await runtime(secure, 'state', other)).stdout) as { pid: number };
    expect(readFileSync(`/proc/${otherPid}/uid_map`, 'utf8')).not.toBe(proc('uid_map'));
    await secure.run('rm', '-f', other);
  });

  it.each(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])('%s is empty', (set) => {
    expect(status.get(set)).toBe('0000000000000000');
  });

  it('cannot gain privileges and is filtered', () => {
    expect([status.get('NoNewPrivs'), status.get('Seccomp')]).toEqual(['1', '2']);
  });

  it('has a root that is read-only, nosuid and nodev', () => {
    const root = proc('mountinfo')
      .split('\n')
      .find((line) => line.split(' ')[4] === '/');
    const options = root?.split(' ')[5]?.split(',') ?? [];
    expect(options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']));
  });

  it('gets EACCES from Landlock on a read-write bind that nobody declared', async () => {
    const mount = proc('mountinfo')
      .split('\n')
      .find((line) => line.split(' ')[4] === '/bound');
    expect(mount?.split(' ')[5]?.split(',')).toContain('rw');
    const { code, stderr } = await secure.run('exec', 'live', 'touch', '/bound/x');
    expect([code, stderr]).toEqual([1, 'touch: /bound/x: Permission denied\n']);
  });

  it('has every namespace of its own', () => {
    for (const name of ['user', 'pid', 'mnt', 'net', 'ipc', 'uts', 'cgroup'])
      expect(readlinkSync(`/proc/${pid}/ns/${name}`)).not.toBe(readlinkSync(`/proc/self/ns/${name}`));
  });

  it('lives in its own group of every hierarchy', () => {
    for (const line of proc('cgroup').trim().split('\n')) expect(line.endsWith(`:/secure/${id}`), line).toBe(true);
  });

  it('inspect --enforced finds every required control in force, by its own reading', async () => {
    const { code, stdout } = await secure.run('inspect', '--enforced', '--json', 'live');
    const { controls } = JSON.parse(stdout) as {
      controls: { control: string; inForce: boolean | null; required: boolean }[];
    };
    expect(controls.filter((c) => c.required && c.inForce !== true)).toEqual([]);
    expect(controls.length).toBeGreaterThan(20);
    expect(code).toBe(0);
  });

  it('inspect --enforced does not believe the plan', async () => {
    const record = join(secure.env.SECURE_STATE_ROOT ?? '', 'containers', id, 'config.json');
    const plan = JSON.parse(readFileSync(record, 'utf8')) as { linux: { resources: { pids: { limit: number } } } };
    plan.linux.resources.pids.limit = 7;
    const honest = readFileSync(record);
    writeFileSync(record, JSON.stringify(plan));
    try {
      const { code, stdout } = await secure.run('inspect', '--enforced', '--json', 'live');
      const { controls } = JSON.parse(stdout) as { controls: { control: string; inForce: boolean }[] };
      expect(controls.find(({ control }) => control === 'pids')?.inForce).toBe(false);
      expect(code).toBe(1);
    } finally {
      writeFileSync(record, honest);
    }
  });

  it('leaves the shared layers owned by root on disk, though they are its own inside', async () => {
    const { layers } = (await planOf(secure, '--profile', 'strict', 'busybox', 'true')).secure;
    expect(statSync(join(layers[0]?.path ?? '', 'bin/busybox')).uid).toBe(0);
    expect((await secure.run('exec', 'live', 'stat', '-c', '%u', '/bin/busybox')).stdout).toBe('0\n');
  });
});
