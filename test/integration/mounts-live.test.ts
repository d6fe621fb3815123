// SPDX-License-Identifier: Apache-2.0
// `mounts add` and `mounts remove`, as crun has them, on a container that runs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { hostMounts } from '../support/attack.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { mountAt } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

const inUserNamespace = (config: Config) => {
  config.linux.namespaces.push({ type: 'user' });
  for (const name of ['uidMappings', 'gidMappings'])
    config.linux[name] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

describe.skipIf(cannotRun()).each([
  ['without', () => {}],
  ['with', inUserNamespace],
])('mounts of a running container, %s a user namespace', (_, namespaces) => {
  let bundle: Bundle;
  let root: string;
  let source: string;
  let before: string[];
  const call = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(runtimeBinary(), ['--root', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, stdout, stderr };
  };
  beforeEach(() => {
    before = hostMounts();
    bundle = new Bundle();
    bundle.giveTo(100_000);
    root = join(bundle.directory, 'state');
    source = mkdtempSync(join(tmpdir(), 'secure-live-'));
    chmodSync(source, 0o755);
    writeFileSync(join(source, 'file'), 'content');
    bundle.write(['sleep', '1000'], namespaces);
    const { status } = spawnSync(
      runtimeBinary(),
      ['--root', root, 'run', '--detach', '--bundle', bundle.directory, bundle.id],
      {
        encoding: 'utf8',
        stdio: 'ignore',
      },
    );
    expect(status).toBe(0);
  });
  afterEach(() => {
    expect(call('delete', '--force', bundle.id)).toMatchObject({ status: 0 });
    bundle.remove();
    rmSync(source, { recursive: true, force: true });
    expect(hostMounts()).toEqual(before);
  });
  const mounts = (action: 'add' | 'remove', ...list: { destination: string; [key: string]: unknown }[]) => {
    const file = join(bundle.directory, 'mounts.json');
    writeFileSync(file, JSON.stringify(list));
    return call('mounts', action, bundle.id, file);
  };
  const inside = (...args: string[]) => call('exec', bundle.id, ...args).stdout;
  const bind = (destination: string, ...options: string[]) => ({
    destination,
    type: 'bind',
    source,
    options: ['bind', ...options],
  });
  const refused = { status: 1, stderr: expect.stringContaining('CONFIG_INVALID') };

  it('binds and new file systems come and go', () => {
    const list = [
      bind('/data/deep', 'ro', 'nosuid'),
      { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['size=64k'] },
    ];
    expect(mounts('add', ...list)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(inside('cat', '/data/deep/file')).toBe('content');
    const table = inside('cat', '/proc/self/mountinfo');
    expect(mountAt(table, '/data/deep')?.options).toEqual(expect.arrayContaining(['ro', 'nosuid']));
    expect(mountAt(table, '/scratch')?.super).toContain('size=64k');
    expect(mounts('remove', ...list)).toEqual({ status: 0, stdout: '', stderr: '' });
    const after = inside('cat', '/proc/self/mountinfo');
    expect([mountAt(after, '/data/deep'), mountAt(after, '/scratch')]).toEqual([undefined, undefined]);
    expect(mounts('remove', list[0] as (typeof list)[0])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('NOT_FOUND'),
    });
  });

  it('nothing is mounted in /proc, on /, or with an option that needs the host’s file system', () => {
    symlinkSync('/proc/sys', join(bundle.rootfs, 'lead'));
    for (const destination of ['/proc', '/proc/sys', '/', '//proc/./self/../sys', '/lead'])
      expect(mounts('add', bind(destination))).toMatchObject(refused);
    for (const type of ['proc', 'cgroup', 'cgroup2'])
      expect(mounts('add', { destination: '/x', type })).toMatchObject(refused);
    expect(mounts('add', { ...bind('/data', 'errors=continue') })).toMatchObject(refused);
    for (const destination of ['/', '/proc', '/proc/kcore', '/sys', '/dev'])
      expect(mounts('remove', bind(destination))).toMatchObject(refused);
  });

  it('a destination that the container leads out of its root stays inside', () => {
    const victim = join(source, 'victim');
    mkdirSync(victim);
    symlinkSync(victim, join(bundle.rootfs, 'absolute'));
    symlinkSync(`../../../../../..${victim}`, join(bundle.rootfs, 'climbing'));
    for (const link of ['absolute', 'climbing'])
      expect(mounts('add', { destination: `/${link}/new`, type: 'tmpfs', source: 'tmpfs' })).toMatchObject({
        status: 0,
      });
    expect(readdirSync(victim)).toEqual([]);
    // Its last name is never followed when it is taken away.
    symlinkSync('/tmp', join(bundle.rootfs, 'pointer'));
    expect(mounts('add', bind('/tmp'))).toMatchObject({ status: 0 });
    expect(mounts('remove', bind('/pointer')).status).toBe(1);
    expect(mountAt(inside('cat', '/proc/self/mountinfo'), '/tmp')).toBeDefined();
  });

  it('what is no list of mounts, or of no container, changes nothing', () => {
    const file = join(bundle.directory, 'mounts.json');
    for (const text of ['{}', '', '[{"type":"tmpfs"}]', '[1]']) {
      writeFileSync(file, text);
      expect(call('mounts', 'add', bundle.id, file)).toMatchObject(refused);
    }
    writeFileSync(file, '[]');
    expect(call('mounts', 'add', 'nobody', file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('NO_SUCH_CONTAINER'),
    });
    expect(call('mounts', 'change', bundle.id, file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('USAGE'),
    });
    expect(call('mounts', 'add', bundle.id, file)).toMatchObject({ status: 0 });
  });
});
