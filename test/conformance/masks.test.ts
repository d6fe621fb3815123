// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#masked-paths, #readonly-paths and #mount-label.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type Config } from '../support/bundle.ts';
import { mountAt, mountinfo } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('config-linux.md', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
    for (const name of ['one', 'two', 'three']) {
      mkdirSync(join(bundle.rootfs, name));
      writeFileSync(join(bundle.rootfs, name, 'file'), 'secret');
    }
  });
  afterEach(() => bundle.remove());
  const run = (args: string[], change: (config: Config) => void) => {
    const { code, stdout, stderr } = bundle.run(args, change);
    return { code, stdout, stderr };
  };
  const masked =
    (...paths: string[]) =>
    (config: Config) =>
      (config.linux.maskedPaths = paths);
  const readonly =
    (...paths: string[]) =>
    (config: Config) =>
      (config.linux.readonlyPaths = paths);

  it('#masked-paths: what is masked cannot be read, nor written', () => {
    const paths = ['/one', '/two/file', '/proc/kcore', '/sys/firmware'];
    const result = run(
      ['sh', '-c', 'ls -A /one; cat /two/file /proc/kcore; ls -A /sys/firmware; ! touch /one/x; ! rm /two/file'],
      masked(...paths),
    );
    expect([result.code, result.stdout]).toEqual([0, '']);
    expect(result.stderr.match(/Read-only file system|Device or resource busy|Resource busy/g)).toHaveLength(2);
  });

  it('#masked-paths: directories share one read-only file system; a path that is named twice has one mount', () => {
    const result = run(
      ['cat', '/proc/self/mountinfo'],
      masked('/one', '/two', '/one', '/three/file', '/three/file', '/one/'),
    );
    const table = mountinfo(result.stdout);
    expect(table.filter((one) => one.point === '/one')).toHaveLength(1);
    expect(table.filter((one) => one.point === '/three/file')).toHaveLength(1);
    expect(mountAt(result.stdout, '/one')?.options).toEqual(
      expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']),
    );
    const devices = run(['stat', '-c', '%d', '/one', '/two'], masked('/one', '/two')).stdout.trim().split('\n');
    expect(devices[0]).toBe(devices[1]);
  });

  it('#masked-paths: what is missing needs no mask', () => {
    expect(run(['true'], masked('/nowhere', '/one/file/below', '/proc/nothing'))).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('#masked-paths: a root that is read-only can be masked', () => {
    const result = run(['ls', '/one'], (config) => {
      masked('/one')(config);
      (config as unknown as { root: { readonly: boolean } }).root.readonly = true;
    });
    expect([result.code, result.stdout]).toEqual([0, '']);
  });

  it.each(['maskedPaths', 'readonlyPaths'])('%s: the values MUST be absolute', (field) => {
    for (const path of ['one', '', './one'])
      expect(run(['true'], (config) => (config.linux[field] = [path]))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`/linux/${field}/0`),
      });
  });

  it('#readonly-paths: what is named is read-only, with everything below it and with the flags that it had', () => {
    const result = run(
      [
        'sh',
        '-c',
        '! true > /one/in/file; ! true > /proc/sys/kernel/hostname; ! true > /two/file; cat /proc/self/mountinfo',
      ],
      (config) => {
        readonly('/one', '/proc/sys', '/two/file')(config);
        config.mounts.push({
          destination: '/one',
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['noexec', 'nodev', 'mode=755'],
        });
        config.mounts.push({ destination: '/one/in', type: 'tmpfs', source: 'tmpfs', options: [] });
      },
    );
    expect(result.code).toBe(0);
    expect(result.stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect(mountAt(result.stdout, '/one')?.options).toEqual(expect.arrayContaining(['ro', 'nodev', 'noexec']));
    expect(mountAt(result.stdout, '/one/in')?.options).toContain('ro');
    expect(mountAt(result.stdout, '/proc/sys')?.options).toEqual(
      expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']),
    );
  });

  it('#readonly-paths: what is missing is skipped, and links lead inside only', () => {
    symlinkSync('/one', join(bundle.rootfs, 'link'));
    symlinkSync('../../../../../../one', join(bundle.rootfs, 'climb'));
    const result = run(['sh', '-c', '! true > /one/x'], readonly('/nowhere', '/link', '/climb'));
    expect(result.code).toBe(0);
  });

  it('#mount-label: without SELinux no mount gets it, with a warning', () => {
    const result = run(
      ['cat', '/proc/self/mountinfo'],
      (config) => (config.linux.mountLabel = 'system_u:object_r:container_file_t:s0'),
    );
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('/linux/mountLabel') });
    expect(result.stdout).not.toContain('container_file_t');
  });
});
