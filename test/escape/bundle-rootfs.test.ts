// SPDX-License-Identifier: Apache-2.0
// Hostile root file systems, started as plain OCI bundles: whatever they hold, nothing on the host changes.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileAttack, hostMounts } from '../support/attack.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

const without = (destination: string) => (config: Config) => {
  config.mounts = config.mounts.filter((mount) => mount.destination !== destination);
};
const tmpfs = (destination: string) => (config: Config) => {
  config.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev'] });
};

describe.skipIf(cannotRun())('a hostile root file system', () => {
  let scratch: string;
  let victim: string;
  let program: string;
  let bundle: Bundle;
  const sysctls = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname'];
  const host = () => ({
    mounts: hostMounts(),
    sysctls: sysctls.map((path) => readFileSync(path, 'utf8')),
    victim: readdirSync(victim).map((name) => {
      const { mode, uid, gid, size, ino } = lstatSync(join(victim, name));
      return { name, mode, uid, gid, size, ino };
    }),
    directory: statSync(victim).mode,
  });
  let before: ReturnType<typeof host>;

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'secure-escape-'));
    program = compileAttack(scratch);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(() => {
    victim = mkdtempSync(join(scratch, 'victim-'));
    writeFileSync(join(victim, 'file'), 'untouched', { mode: 0o600 });
    bundle = new Bundle(program);
    before = host();
  });
  afterEach(() => {
    expect(host()).toEqual(before);
    bundle.remove();
  });
  const replace = (name: string, target: string) => {
    rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
    symlinkSync(target, join(bundle.rootfs, name));
  };

  it('starts when it is none: the tests below fail for their own reasons', () => {
    const result = bundle.run(['hostname']);
    expect([result.code, result.stdout, result.stderr]).toEqual([0, 'escape\n', '']);
  });

  describe.each([
    ['absolute', () => victim],
    ['climbing', () => `../../../../../../../../..${victim}`],
  ])('with links out of it, %s', (_, target) => {
    it.each(['/dev', '/proc', '/sys'])('as %s is refused (CVE-2019-19921, CVE-2023-27561, CVE-2026-41579)', (path) => {
      replace(path, target());
      expect(bundle.run(['true'])).toMatchObject({ code: 1, stderr: expect.stringContaining('PATH_REFUSED') });
    });

    it('as /dev that nothing is mounted on is refused', () => {
      replace('dev', target());
      expect(bundle.run(['true'], without('/dev')).code).toBe(1);
    });

    it.each(['null', 'console', 'zero', 'tty'])(
      'as /dev/%s is not followed (CVE-2026-88264, CVE-2025-31133)',
      (name) => {
        replace(`dev/${name}`, join(target(), 'file'));
        const result = bundle.run(['true'], (config) => {
          without('/dev')(config);
          config.process.terminal = name === 'console';
        });
        expect(result.code).toBe(1);
      },
    );

    it('under a mount that does not follow it is covered, dangling or not', () => {
      replace('covered', join(target(), 'file'));
      replace('dangling', '/run/nowhere/resolv.conf');
      const source = join(bundle.rootfs, 'bin/busybox');
      const mount = (name: string) => ({
        destination: `/${name}`,
        type: 'bind',
        source,
        options: ['bind', 'ro', 'dest-nofollow'],
      });
      const result = bundle.run(['sh', '-c', 'cmp /covered /bin/busybox && cmp /dangling /bin/busybox'], (config) => {
        config.mounts.push(mount('covered'), mount('dangling'));
      });
      expect([result.code, result.stdout, result.stderr]).toEqual([0, '', '']);
    });

    it('on the way of a mount leads inside (CVE-2019-18837)', () => {
      replace('a', target());
      const inside = bundle.run(['sh', '-c', `stat -c %a ${victim}/new`], tmpfs('/a/new'));
      expect([inside.code, inside.stdout]).toEqual([0, '1777\n']);
    });

    it('on a masked path are masked inside', () => {
      mkdirSync(join(bundle.rootfs, victim), { recursive: true });
      writeFileSync(join(bundle.rootfs, victim, 'file'), 'inside');
      replace('masked', join(target(), 'file'));
      const result = bundle.run(['cat', '/masked', `${victim}/file`], (config) =>
        config.linux.maskedPaths.push('/masked'),
      );
      expect([result.code, result.stdout]).toEqual([0, '']);
    });
  });

  it.each(['/proc', '/proc/', '//proc', '/./proc', '/tmp/../proc', 'proc'])(
    'a mount on %s must be procfs (CVE-2019-16884)',
    (path) => {
      for (const mounts of [(list: Config['mounts']) => list.slice(1), (list: Config['mounts']) => list]) {
        const result = bundle.run(['true'], (config) => {
          config.mounts = mounts(config.mounts);
          tmpfs(path)(config);
        });
        expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('CONFIG_INVALID') });
      }
    },
  );

  it('a mount through a link must not cover a part of /proc', () => {
    replace('here', '/proc/self');
    replace('there', 'proc');
    for (const path of ['/there', '/there/sys', '/proc/sys', '/proc/fs'])
      expect(bundle.run(['true'], tmpfs(path))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('CONFIG_INVALID'),
      });
    expect(bundle.run(['true'], tmpfs('/here/attr')).code).toBe(1);
  });

  it('a device node of the image gets the mode that was asked for, another file in its place is refused', () => {
    writeFileSync(join(bundle.rootfs, 'dev/full'), '');
    expect(bundle.run(['true'], without('/dev'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('DEVICE_FAILED'),
    });
    rmSync(join(bundle.rootfs, 'dev'), { recursive: true });
    mkdirSync(join(bundle.rootfs, 'dev'));
    expect(bundle.run(['true'], without('/dev')).code).toBe(0);
    chmodSync(join(bundle.rootfs, 'dev/null'), 0o600);
    expect(bundle.run(['stat', '-c', '%a', '/dev/null'], without('/dev')).stdout).toBe('666\n');
  });

  it('a FIFO or a device as bind source neither blocks nor acts', () => {
    const fifo = join(bundle.directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const result = bundle.run(['stat', '-c', '%F', '/tmp/fifo'], (config) =>
      config.mounts.push({ destination: '/tmp/fifo', type: 'bind', source: fifo, options: ['bind', 'ro'] }),
    );
    expect([result.code, result.stdout]).toEqual([0, 'fifo\n']);
  });

  it.each([
    ['a mount point', 1000, 'a', (config: Config) => tmpfs('/a/in')(config)],
    ['/dev', 200, 'dev', (config: Config) => without('/dev')(config)],
  ])(
    'exchanging %s with a link during %i starts reaches nothing (CVE-2021-30465, CVE-2024-45310)',
    (_, starts, name, change) => {
      mkdirSync(join(bundle.rootfs, name), { recursive: true });
      symlinkSync(victim, join(bundle.rootfs, 'link'));
      const racer: ChildProcess = spawn(program, ['exchange', join(bundle.rootfs, name), join(bundle.rootfs, 'link')]);
      try {
        const codes = Array.from({ length: starts }, () => bundle.run(['true'], change).code);
        expect(codes.filter((code) => code !== 0 && code !== 1)).toEqual([]);
      } finally {
        racer.kill('SIGKILL');
      }
    },
    300_000,
  );

  it('a host name without a uts namespace is refused instead of becoming the host’s', () => {
    const result = bundle.run(['true'], (config) => {
      // If this should ever fail, then without consequences.
      config.hostname = hostname();
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'uts');
    });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('CONFIG_INVALID') });
  });
});
