// SPDX-License-Identifier: Apache-2.0
// Mounts of hostile images and of sources that others change, started as plain OCI bundles.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileAttack, hostMounts } from '../support/attack.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { mountAt } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

const add =
  (...mounts: { destination: string; type: string; source: string; options: string[] }[]) =>
  (config: Config) => {
    config.mounts.push(...mounts);
  };
const inUserNamespace = (config: Config) => {
  config.linux.namespaces.push({ type: 'user' });
  for (const name of ['uidMappings', 'gidMappings'])
    config.linux[name] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};
const mayMount = (config: Config) => {
  for (const set of Object.values(config.process.capabilities as Record<string, string[]>)) set.push('CAP_SYS_ADMIN');
};

describe.skipIf(cannotRun())('hostile mounts', () => {
  let scratch: string;
  let victim: string;
  let program: string;
  let bundle: Bundle;
  let before: unknown;
  const host = () => ({
    mounts: hostMounts(),
    victim: readdirSync(victim).map((name) => {
      const { mode, uid, gid, size, ino } = lstatSync(join(victim, name));
      return { name, mode, uid, gid, size, ino };
    }),
  });
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'secure-mounts-'));
    program = compileAttack(scratch);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(() => {
    victim = mkdtempSync(join(scratch, 'victim-'));
    writeFileSync(join(victim, 'secret'), 'of the host', { mode: 0o600 });
    bundle = new Bundle(program);
    before = host();
  });
  afterEach(() => {
    expect(host()).toEqual(before);
    bundle.remove();
  });
  const run = (args: string[], change: (config: Config) => void) => {
    const { code, stdout, stderr } = bundle.run(args, change);
    return { code, stdout, stderr };
  };
  const copied = (...options: string[]) =>
    add({ destination: '/vol', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', ...options] });

  describe('tmpcopyup', () => {
    it('copies files with owner, mode and time, links as links and nothing through them (CVE-2022-23648)', () => {
      const volume = join(bundle.rootfs, 'vol');
      mkdirSync(join(volume, 'deep/er'), { recursive: true });
      writeFileSync(join(volume, 'deep/er/file'), 'mine', { mode: 0o640 });
      symlinkSync(join(victim, 'secret'), join(volume, 'absolute'));
      symlinkSync(`../../../../../..${victim}`, join(volume, 'climbing'));
      const seen = run(
        [
          'sh',
          '-c',
          'cat /vol/deep/er/file; stat -c " %a %u" /vol/deep/er/file; readlink /vol/absolute; ls -A /vol; cat /vol/absolute /vol/climbing/secret',
        ],
        copied(),
      );
      expect(seen.stdout).toBe(`mine 640 0\n${join(victim, 'secret')}\nabsolute\nclimbing\ndeep\n`);
      expect(seen.stderr).not.toContain('of the host');
      expect(seen.code).toBe(1);
    });

    it.each([
      ['absolute', () => victim],
      ['climbing', () => `../../../../../..${victim}`],
    ])('of a directory that is a link out of the root, %s, copies what is inside (CVE-2022-23648)', (_, target) => {
      symlinkSync(target(), join(bundle.rootfs, 'vol'));
      expect(run(['sh', '-c', 'ls -A /vol/'], copied())).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    it('neither opens a FIFO nor a device, and has an end', () => {
      mkdirSync(join(bundle.rootfs, 'vol'));
      bundle.run(['sh', '-c', '/bin/busybox mkfifo /vol/fifo'], () => {});
      expect(run(['stat', '-c', '%F', '/vol/fifo'], copied())).toEqual({ code: 0, stdout: 'fifo\n', stderr: '' });
      writeFileSync(join(bundle.rootfs, 'vol/large'), 'x'.repeat(1 << 20));
      expect(run(['true'], copied('size=64k'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('NO_SPACE'),
      });
      let deep = join(bundle.rootfs, 'vol');
      for (let i = 0; i < 110; i++) {
        deep = join(deep, 'd');
        mkdirSync(deep);
      }
      expect(run(['true'], copied())).toMatchObject({ code: 1, stderr: expect.stringContaining('TOO_LARGE') });
    });

    it('is for a tmpfs', () => {
      expect(
        run(['true'], add({ destination: '/vol', type: 'bind', source: victim, options: ['bind', 'tmpcopyup'] })),
      ).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('CONFIG_INVALID'),
      });
    });
  });

  describe('links at the source', () => {
    it('src-nofollow binds the link itself, copy-symlink makes it again, otherwise it is followed', () => {
      const link = join(bundle.directory, 'link');
      symlinkSync('/etc/nowhere', link);
      const bind = (...options: string[]) =>
        add({ destination: '/a/link', type: 'bind', source: link, options: ['bind', ...options] });
      expect(run(['readlink', '/a/link'], bind('src-nofollow', 'dest-nofollow')).stdout).toBe('/etc/nowhere\n');
      expect(
        run(['readlink', '/a/link'], (config) => {
          (config as unknown as { root: { path: string } }).root.path = 'rootfs';
          add({ destination: '/b/link', type: 'bind', source: link, options: ['bind', 'copy-symlink'] })(config);
          config.process.args = ['readlink', '/b/link'];
        }).stdout,
      ).toBe('/etc/nowhere\n');
      // The same link may be there already, another file not.
      const again = add({ destination: '/b/link', type: 'bind', source: link, options: ['bind', 'copy-symlink'] });
      expect(run(['true'], again).code).toBe(0);
      rmSync(join(bundle.rootfs, 'b/link'));
      writeFileSync(join(bundle.rootfs, 'b/link'), '');
      expect(run(['true'], again).code).toBe(1);
      expect(run(['true'], bind())).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('MOUNT_SOURCE_MISSING'),
      });
    });

    it('one that leads to what the runtime has open is not followed', () => {
      const link = join(bundle.directory, 'magic');
      for (const target of ['/proc/self/exe', '/proc/self/fd/0', '/proc/self/root']) {
        symlinkSync(target, link);
        expect(run(['true'], add({ destination: '/x', type: 'bind', source: link, options: ['bind'] })).code).toBe(1);
        rmSync(link);
      }
    });
  });

  it('a volume that is exchanged with a link during 200 starts shows one or the other, never a third (CVE-2017-1002101)', () => {
    const volume = join(bundle.directory, 'volume');
    mkdirSync(join(volume, 'sub'), { recursive: true });
    mkdirSync(join(bundle.directory, 'swap'));
    writeFileSync(join(volume, 'sub/file'), 'volume');
    symlinkSync(victim, join(bundle.directory, 'swap/link'));
    const racer: ChildProcess = spawn(program, ['exchange', join(volume, 'sub'), join(bundle.directory, 'swap/link')]);
    try {
      const mount = {
        destination: '/data',
        type: 'bind',
        source: join(volume, 'sub'),
        options: ['bind', 'ro', 'src-nofollow'],
      };
      const seen = new Set(
        Array.from({ length: 200 }, () => run(['sh', '-c', 'cat /data/* 2>&1; true'], add(mount)).stdout),
      );
      // With src-nofollow the link is never the directory behind it.
      expect([...seen].filter((text) => text.includes('of the host'))).toEqual([]);
    } finally {
      racer.kill('SIGKILL');
    }
  }, 180_000);

  describe('root of a user namespace', () => {
    const remount = (mount: { options: string[] }, prefix: string) => {
      bundle.giveTo(100_000);
      const source = join(bundle.directory, 'restricted');
      mkdirSync(source, { recursive: true });
      const script = `mount -t tmpfs -o ${prefix} top ${source}; exec "$0" "$@"`;
      const { code, stdout, stderr } = bundle.run(
        [
          'sh',
          '-c',
          '/bin/busybox mount -o remount,bind,rw,suid,dev,exec none /data; echo $?; cat /proc/self/mountinfo',
        ],
        (config) => {
          inUserNamespace(config);
          mayMount(config);
          config.mounts.push({ destination: '/data', type: 'bind', source, options: mount.options });
        },
        { prefix: ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', script] },
      );
      return { code, stdout, stderr };
    };

    it.each([['bind'], ['rbind']])('cannot take back what the host’s mount restricts, with %s', (option) => {
      const { code, stdout } = remount({ options: [option] }, 'ro,nosuid,nodev,noexec');
      expect(code).toBe(0);
      expect(stdout.split('\n')[0]).not.toBe('0');
      expect(mountAt(stdout, '/data')?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
    });

    it('is told when the config asks for what is locked', () => {
      const asked = remount({ options: ['bind', 'rw'] }, 'ro');
      expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('locked flags') });
    });
  });

  it('files of /proc that describe the machine may be replaced, nothing else there', () => {
    const file = join(bundle.directory, 'meminfo');
    writeFileSync(file, 'MemTotal: 1 kB\n');
    const on = (destination: string, source = file) =>
      add({ destination, type: 'bind', source, options: ['bind', 'ro'] });
    expect(run(['cat', '/proc/meminfo'], on('/proc/meminfo')).stdout).toBe('MemTotal: 1 kB\n');
    for (const path of [
      '/proc/self/status',
      '/proc/sys/kernel/core_pattern',
      '/proc/sysrq-trigger',
      '/proc/meminfo/x',
      '/proc/kcore',
    ])
      expect(run(['true'], on(path)).code).toBe(1);
    expect(run(['true'], on('/proc/meminfo', victim)).code).toBe(1);
    symlinkSync('/proc/meminfo', join(bundle.rootfs, 'lead'));
    expect(run(['true'], on('/lead')).code).toBe(1);
    expect(readFileSync('/proc/meminfo', 'utf8')).not.toContain('MemTotal: 1 kB');
  });
});
