// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loadPolicy } from '../../../src/policies/index.ts';
import { filesIo, policy } from '../../policies/files.ts';
import { outcome, type Profile, plan } from './facts.ts';

const bind = (source: string, destination = '/data', options: string[] = []) => ({
  volumes: [{ source, destination, options }],
});
const bound = (profile: Profile, request: ReturnType<typeof bind>) =>
  plan(profile, { request }).mounts.find(({ type }) => type === 'bind');

test.each([
  '/',
  '/proc',
  '/proc/1/root',
  '/sys',
  '/sys/fs/cgroup',
  '/dev',
  '/dev/sda',
  '/etc',
  '/etc/passwd',
  '/boot',
  '/boot/grub',
  '/run',
  '/var',
  '/var/lib',
  '/var/run',
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/home/me/docker.sock',
  '/run/podman',
  '/run/dbus/system_bus_socket',
  '/run/user/1000',
  '/var/lib/docker/volumes',
  '/var/lib/kubelet',
  '/var/lib/secure/layers',
  '/run/secure',
  'relative',
  '/srv/../etc',
  '/srv/./x',
  '/srv//x',
  '/srv/',
])('the source %s is refused in every profile', (source) => {
  for (const profile of ['baseline', 'default'] as const)
    expect(outcome(profile, { request: bind(source) })).toBe('MOUNT_REFUSED');
  expect(['MOUNT_REFUSED', 'POLICY_DENIED']).toContain(outcome('strict', { request: bind(source) }));
});

test.each([
  '/',
  '//',
  '/proc',
  '/proc/sys',
  '/sys',
  '/sys/fs',
  '/dev',
  '/dev/null',
  '/dev/pts',
  '/a/../proc',
  '/../x',
  '/./a',
  'a',
  '',
  '/a\nb',
  '/a\0b',
  `/${'a'.repeat(5000)}`,
])('the destination %j is refused', (destination) => {
  expect(outcome('default', { request: bind('/srv/data', destination) })).toBe('MOUNT_REFUSED');
  expect(outcome('default', { request: { tmpfs: [{ destination, options: [] }] } })).toBe('MOUNT_REFUSED');
  expect(outcome('default', { config: { volumes: [destination] } })).toBe('MOUNT_REFUSED');
});

test('the state of a moved installation is as untouchable as the usual one', () => {
  const roots = { state: '/srv/state', run: '/srv/run' };
  for (const source of ['/srv/state/layers', '/srv/run', '/srv']) {
    expect(outcome('default', { roots, request: bind(source) })).toBe('MOUNT_REFUSED');
  }
  expect(outcome('default', { roots, request: bind('/srv/state-of-mine') })).toBe('planned');
});

test('default: nosuid, nodev, mapped, read-only unless asked', () => {
  expect(bound('default', bind('/srv/data'))?.options).toEqual(['bind', 'nosuid', 'nodev', 'ro', 'idmap']);
  expect(bound('default', bind('/srv/data', '/data', ['rw']))?.options).toEqual([
    'bind',
    'nosuid',
    'nodev',
    'rw',
    'idmap',
  ]);
  expect(bound('baseline', bind('/srv/data'))?.options).toContain('rw');
});

test('strict mounts nothing of the host, except what a policy grants', async () => {
  expect(outcome('strict', { request: bind('/srv/data') })).toBe('POLICY_DENIED');
  const io = filesIo({ 'a.yaml': policy('extends: strict\nrun: {binds: {sources: ["/srv/data/**"]}}') });
  const granted = await loadPolicy('./a.yaml', io);
  const made = plan('strict', { policy: granted, request: bind('/srv/data/site', '/site', ['rw']) });
  const mount = made.mounts.find(({ type }) => type === 'bind');
  expect(mount?.options, 'writable is never executable').toEqual(['bind', 'nosuid', 'nodev', 'noexec', 'rw', 'idmap']);
  expect(outcome('strict', { policy: granted, request: bind('/srv/other') })).toBe('POLICY_DENIED');
  expect(outcome('strict', { policy: granted, request: bind('/srv/data', '/x', ['rw', 'exec']) })).toBe(
    'POLICY_DENIED',
  );
});

test.each(['suid', 'dev', 'shared', 'rshared', 'slave', 'rbind', 'z', 'Z', 'remount', 'idmap=0:0:1', ''])(
  'the option %j is refused',
  (option) => {
    expect(outcome('default', { request: bind('/srv/data', '/data', [option]) })).toBe('MOUNT_REFUSED');
  },
);

test('read-only root: declared places are in memory; writable root: nothing is covered', () => {
  const config = { volumes: ['/var/lib/redis/', '/tmp'] };
  const on = (profile: Profile) =>
    plan(profile, { config })
      .mounts.filter(({ source }) => source === 'tmpfs')
      .map((m) => m.destination);
  expect(on('default')).toEqual(['/dev', '/run', '/tmp', '/var/lib/redis']);
  expect(on('baseline')).toEqual(['/dev']);
});

test('strict: no writable place can hold a program', () => {
  const request = { tmpfs: [{ destination: '/x', options: ['size=1m'] }] };
  const { mounts } = plan('strict', { request, config: { volumes: ['/v'] } });
  for (const mount of mounts.filter(({ type }) => type === 'tmpfs')) {
    if (mount.destination !== '/dev')
      expect(mount.options).toEqual(expect.arrayContaining(['noexec', 'nosuid', 'nodev']));
  }
  expect(outcome('strict', { request: { tmpfs: [{ destination: '/x', options: ['exec'] }] } })).toBe('POLICY_DENIED');
});

test.each(['suid', 'dev', 'uid=0', 'huge=always', 'size=-1', 'size=1e9', 'mode=99', 'a=b', 'size=1,uid=0'])(
  'tmpfs option %s is refused',
  (option) => {
    expect(outcome('baseline', { request: { tmpfs: [{ destination: '/x', options: [option] }] } })).toBe(
      'INVALID_VALUE',
    );
  },
);

test('parents are mounted before what is in them, and what was asked for replaces what was declared', () => {
  const request = {
    volumes: [
      { source: '/srv/b', destination: '/tmp/a/b', options: [] },
      { source: '/srv/t', destination: '/tmp', options: ['rw'] },
    ],
    tmpfs: [{ destination: '/tmp/a', options: [] }],
  };
  const made = plan('default', { request }).mounts.map(({ destination, type }) => `${destination} ${type}`);
  expect(made.filter((m) => m.startsWith('/tmp'))).toEqual(['/tmp bind', '/tmp/a tmpfs', '/tmp/a/b bind']);
});

test('one destination is mounted once', () => {
  const request = { ...bind('/srv/a', '/x'), tmpfs: [{ destination: '/x/', options: [] }] };
  expect(outcome('default', { request })).toBe('MOUNT_REFUSED');
});

test('/dev/shm has the size that was asked for, and can be replaced', () => {
  const shm = (request: object) =>
    plan('default', { request }).mounts.filter(({ destination }) => destination === '/dev/shm');
  expect(shm({ limits: { shmSize: 4096, ulimits: [] } })[0]?.options).toContain('size=4096');
  expect(shm({ tmpfs: [{ destination: '/dev/shm', options: ['size=1m'] }] })).toHaveLength(1);
  expect(outcome('default', { request: { limits: { shmSize: -1, ulimits: [] } } })).toBe('INVALID_VALUE');
});

test('a writable root is refused where the policy wants it read-only', () => {
  expect(outcome('default', { request: { readOnly: false } })).toBe('POLICY_DENIED');
  expect(plan('baseline', { request: { readOnly: true } }).root.readonly).toBe(true);
});
