// SPDX-License-Identifier: Apache-2.0
// runtime-spec config.md#root, config-linux.md#rootfs-mount-propagation and #default-filesystems.
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type Config } from '../support/bundle.ts';
import { mountAt } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('the root', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => bundle.remove());
  const run = (
    args: string[],
    change: (config: Config & { root: Record<string, unknown> }) => void = () => {},
    prefix: string[] = [],
  ) => {
    const { code, stdout, stderr } = bundle.run(args, change as (config: Config) => void, { prefix });
    return { code, stdout, stderr };
  };

  it('config.md#root: path is absolute or relative to the bundle', () => {
    writeFileSync(join(bundle.rootfs, 'marker'), 'here');
    for (const path of ['rootfs', './rootfs/', bundle.rootfs])
      expect(run(['cat', '/marker'], (config) => (config.root.path = path)).stdout).toBe('here');
  });

  it('config.md#root: a directory MUST exist at the path', () => {
    for (const path of ['nowhere', 'config.json'])
      expect(run(['true'], (config) => (config.root.path = path))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('/root/path'),
      });
    expect(run(['true'], (config) => (config.root.path = '')).code).toBe(1);
  });

  it('config.md#root: with readonly it MUST be read-only inside, and what is mounted in it stays as it is', () => {
    mkdirSync(join(bundle.rootfs, 'scratch'));
    const result = run(['sh', '-c', 'echo > /scratch/x && ! true > /x'], (config) => {
      config.root.readonly = true;
      config.mounts.push({ destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] });
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('Read-only file system');
    expect(readdirSync(join(bundle.rootfs, 'scratch'))).toEqual([]);
    expect(run(['sh', '-c', 'true > /x']).code).toBe(0);
  });

  it('may be a link, a mount point, or lie on a shared mount', () => {
    const link = join(bundle.directory, 'link');
    symlinkSync('rootfs', link);
    expect(run(['true'], (config) => (config.root.path = 'link')).code).toBe(0);
    const prefix = ['unshare', '-m', '--propagation', 'private', 'sh', '-euc'];
    for (const script of [
      `mount --bind ${bundle.rootfs} ${bundle.rootfs}`,
      `mount --bind ${bundle.rootfs} ${bundle.rootfs}; mount --make-rshared /`,
    ])
      expect(run(['true'], () => {}, [...prefix, `${script}; exec "$0" "$@"`])).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
  });

  describe('config-linux.md#rootfs-mount-propagation', () => {
    const shared = [
      'unshare',
      '-m',
      '--propagation',
      'private',
      'sh',
      '-euc',
      'mount --make-rshared /; exec "$0" "$@"',
    ];
    it.each([
      ['shared', /^shared:\d+$/],
      ['rshared', /^shared:\d+$/],
      ['slave', /^master:\d+$/],
      ['rslave', /^master:\d+$/],
      ['private', /^$/],
      ['rprivate', /^$/],
      ['unbindable', /^unbindable$/],
      ['runbindable', /^unbindable$/],
      ['', /^$/],
    ])('%s', (propagation, expected) => {
      const result = run(
        ['cat', '/proc/self/mountinfo'],
        (config) => (config.linux.rootfsPropagation = propagation),
        shared,
      );
      expect([result.code, result.stderr]).toEqual([0, '']);
      expect(mountAt(result.stdout, '/')?.propagation.join(' ')).toMatch(expected);
    });

    it('shared: it is a new peer group, not one of the host’s', () => {
      // The mount that the container makes must not appear outside of it.
      const script = 'mount --make-rshared /; "$0" "$@"; echo; cat /proc/self/mountinfo';
      const result = run(
        ['sh', '-c', 'mount -t tmpfs seen-inside /tmp && cat /proc/self/mountinfo'],
        (config) => {
          config.linux.rootfsPropagation = 'shared';
          const capabilities = config.process.capabilities as Record<string, string[]>;
          for (const set of Object.values(capabilities)) set.push('CAP_SYS_ADMIN');
        },
        ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', script],
      );
      const [inside, outside] = result.stdout.split('\n\n');
      expect(inside).toContain('seen-inside');
      expect(outside).not.toContain('seen-inside');
    });

    it('anything else is an error', () => {
      expect(run(['true'], (config) => (config.linux.rootfsPropagation = 'public'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('/linux/rootfsPropagation'),
      });
    });
  });

  it('config-linux.md#default-filesystems: proc, sysfs, devpts and tmpfs can be had at their places', () => {
    const result = run(['cat', '/proc/self/mountinfo'], (config) =>
      config.mounts.push(
        { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
        { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['mode=1777', 'size=64k'] },
        { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid'] },
      ),
    );
    const types = ['/proc', '/sys', '/dev/pts', '/dev/shm', '/dev/mqueue'].map(
      (point) => mountAt(result.stdout, point)?.type,
    );
    expect(types).toEqual(['proc', 'sysfs', 'devpts', 'tmpfs', 'mqueue']);
  });

  it('a container without /proc, /sys and /dev starts', () => {
    rmSync(join(bundle.rootfs, 'proc'), { recursive: true });
    expect(run(['true'], (config) => (config.mounts = [])).code).toBe(0);
  });
});
