// SPDX-License-Identifier: Apache-2.0
// runtime-spec config.md#mounts, one test per requirement.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type Config, type Mount } from '../support/bundle.ts';
import { mountAt, mountinfo } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('config.md#mounts', () => {
  let bundle: Bundle;
  let source: string;
  beforeEach(() => {
    bundle = new Bundle();
    source = mkdtempSync(join(tmpdir(), 'secure-mounts-'));
    writeFileSync(join(source, 'file'), 'content');
  });
  afterEach(() => {
    bundle.remove();
    rmSync(source, { recursive: true, force: true });
  });
  const add =
    (...mounts: (Partial<Mount> & { destination: string })[]) =>
    (config: Config) => {
      config.mounts.push(...(mounts as Mount[]));
    };
  const run = (args: string[], ...mounts: (Partial<Mount> & { destination: string })[]) => {
    const { code, stdout, stderr } = bundle.run(args, add(...mounts));
    return { code, stdout, stderr };
  };
  const table = (...mounts: (Partial<Mount> & { destination: string })[]) => {
    const result = run(['cat', '/proc/self/mountinfo'], ...mounts);
    expect([result.code, result.stderr]).toEqual([0, '']);
    return result.stdout;
  };
  const bind = (...options: string[]) => ({ destination: '/data', source, options: ['bind', ...options] });
  const tmpfs = (...options: string[]) => ({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options });

  it('an option that no cgroup mount has is an error', () => {
    for (const type of ['cgroup', 'cgroup2']) {
      const cgroup = (...options: string[]) =>
        run(['true'], { destination: '/sys/fs/cgroup', type, source: 'cgroup', options });
      expect(cgroup('ro', 'nsdelegate')).toMatchObject({ code: 0, stderr: '' });
      expect(cgroup('ro', 'no_such').stderr).toContain("'no_such' of a " + type + ' mount: Invalid argument');
    }
  });

  it('options of a tmpfs on a bind are left out with a warning, any other that a bind does not have is an error', () => {
    const left = run(['cat', '/data/file'], bind('mode=755', 'size=1k', 'uid=5'));
    expect(left).toMatchObject({ code: 0, stdout: 'content' });
    expect(left.stderr).toContain('warning: /mounts/3 on /data: options of a tmpfs');
    for (const option of ['nosiud', 'mode', 'idmpa=uids=0-0-1', 'data=journal'])
      expect(run(['true'], bind(option)).stderr).toContain('means nothing for a bind');
  });

  it('entries MUST be mounted in the listed order', () => {
    const second = join(source, 'second');
    mkdirSync(join(source, 'sub'));
    mkdirSync(second);
    writeFileSync(join(second, 'other'), '');
    const nested = { destination: '/data/sub', source: second, options: ['bind'] };
    expect(run(['ls', '/data/sub'], bind(), nested).stdout).toBe('other\n');
    // The other way round the first is covered.
    expect(run(['ls', '/data/sub'], nested, bind()).stdout).toBe('');
  });

  it('what is listed after a cgroup mount and lies in it comes after it', () => {
    const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] };
    const over = { destination: '/sys/fs/cgroup', type: 'tmpfs', source: 'tmpfs', options: [] };
    expect(run(['ls', '/sys/fs/cgroup'], cgroup, over).stdout).toBe('');
    expect(run(['ls', '/sys/fs/cgroup'], over, cgroup).stdout).not.toBe('');
  });

  it('destination: a relative path MUST be interpreted as relative to "/"', () => {
    expect(run(['cat', '/data/file'], { ...bind(), destination: 'data' }).stdout).toBe('content');
  });

  it('source: a relative path of a bind mount is relative to the bundle', () => {
    expect(run(['ls', '/data'], { destination: '/data', source: '.', options: ['bind'] }).stdout).toContain(
      'config.json',
    );
  });

  it('source: a file or a directory; what is missing at the destination is made to match', () => {
    const file = { destination: '/a/b/file', source: join(source, 'file'), options: ['bind'] };
    expect(run(['cat', '/a/b/file'], file).stdout).toBe('content');
    expect(statSync(join(bundle.rootfs, 'a/b')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(bundle.rootfs, 'a/b/file')).size).toBe(0);
    expect(run(['true'], { ...bind(), source: '/nowhere/at/all' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('MOUNT_SOURCE_MISSING'),
    });
  });

  it('a mount is a bind mount if it has bind or rbind in the options, whatever its type', () => {
    for (const type of ['none', 'bind', 'tmpfs', ''])
      expect(run(['cat', '/data/file'], { ...bind(), type }).stdout).toBe('content');
    for (const type of ['', undefined])
      expect(
        run(['true'], { destination: '/data', source: 'x', options: [], ...(type === undefined ? {} : { type }) }).code,
      ).toBe(1);
  });

  it('type: file systems that the kernel supports', () => {
    const image = join(source, 'image');
    const lower = join(source, 'lower');
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(source, name));
    writeFileSync(join(lower, 'low'), 'low');
    const overlay = [`lowerdir=${lower}`, `upperdir=${join(source, 'upper')}`, `workdir=${join(source, 'work')}`];
    const layered = { destination: '/data', type: 'overlay', source: 'overlay', options: overlay };
    expect(run(['cat', '/data/low'], layered).stdout).toBe('low');
    expect(mountAt(table({ destination: '/data', type: 'ramfs', source: 'ramfs', options: [] }), '/data')?.type).toBe(
      'ramfs',
    );
    writeFileSync(image, '');
    expect(run(['true'], { destination: '/data', type: 'nosuchfs', source: image, options: [] })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/mounts/3 on /data'),
    });
  });

  describe('options', () => {
    it.each([
      ['ro', 'ro'],
      ['nosuid', 'nosuid'],
      ['nodev', 'nodev'],
      ['noexec', 'noexec'],
      ['noatime', 'noatime'],
      ['nodiratime', 'nodiratime'],
      ['relatime', 'relatime'],
      ['nosymfollow', 'nosymfollow'],
    ])('%s is set, and unset by its opposite after it, for binds and new file systems', (option, shown) => {
      const opposite: Record<string, string> = {
        ro: 'rw',
        noatime: 'atime',
        relatime: 'strictatime',
        nodiratime: 'diratime',
        nosymfollow: 'symfollow',
      };
      const undo = opposite[option] ?? option.slice(2);
      for (const mount of [bind, tmpfs]) {
        expect(mountAt(table(mount(option)), '/data')?.options).toContain(shown);
        expect(mountAt(table(mount(option, undo)), '/data')?.options).not.toContain(shown);
        expect(mountAt(table(mount(undo, option)), '/data')?.options).toContain(shown);
      }
    });

    it('strictatime and its opposites', () => {
      const times = (...options: string[]) =>
        mountAt(table(tmpfs(...options)), '/data')?.options.filter((one) => one.endsWith('atime'));
      expect(times('strictatime')).toEqual([]);
      expect(times('strictatime', 'nostrictatime')).toEqual(['relatime']);
      expect(times('noatime', 'nostrictatime')).toEqual(['noatime']);
      expect(times('noatime', 'norelatime')).toEqual(['noatime']);
      expect(times('strictatime', 'atime')).toEqual([]);
    });

    it.each(['sync', 'dirsync', 'lazytime'])('%s is an option of a new file system', (option) => {
      expect(mountAt(table(tmpfs(option)), '/data')?.super).toContain(option);
      const undo = { sync: 'async', lazytime: 'nolazytime' }[option];
      if (undo !== undefined) expect(mountAt(table(tmpfs(option, undo)), '/data')?.super).not.toContain(option);
    });

    it.each([
      'defaults',
      'async',
      'dirsync',
      'iversion',
      'noiversion',
      'lazytime',
      'nolazytime',
      'loud',
      'silent',
      'mand',
      'nomand',
      'sync',
    ])('%s is accepted for binds and new file systems', (option) => {
      expect(run(['true'], bind(option))).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(run(['true'], tmpfs(option))).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    it('unknown ones are the file system’s', () => {
      expect(mountAt(table(tmpfs('size=64k', 'mode=700')), '/data')?.super).toEqual(
        expect.arrayContaining(['size=64k', 'mode=700']),
      );
      expect(mountAt(table(tmpfs('size=64k,mode=700')), '/data')?.super).toEqual(
        expect.arrayContaining(['size=64k', 'mode=700']),
      );
      expect(run(['true'], tmpfs('nonsense=1'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('nonsense'),
      });
      // For a bind the kernel would ignore them.
      expect(run(['true'], bind('journal=64k'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('CONFIG_INVALID'),
      });
    });

    it('remount changes a mount of the container, never a file system of the host', () => {
      const again = (...options: string[]) => ({ destination: '/data', source: '', options: ['remount', ...options] });
      expect(mountAt(table(bind(), again('bind', 'ro')), '/data')?.options).toContain('ro');
      expect(mountAt(table(tmpfs('size=64k'), again('size=128k', 'nosuid')), '/data')).toMatchObject({
        super: expect.arrayContaining(['size=128k']),
        options: expect.arrayContaining(['nosuid']),
      });
      expect(run(['true'], bind(), again('sync'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('CONFIG_INVALID'),
      });
      expect(run(['true'], { ...again('ro'), destination: '/etc' }).code).toBe(1);
    });

    it('tmpfs has the mode of the directory that it covers, 1777 when there is none, and what mode= says first', () => {
      mkdirSync(join(bundle.rootfs, 'there'), { mode: 0o710 });
      const at = (destination: string, ...options: string[]) => ({ ...tmpfs(...options), destination });
      const mode = (...mounts: ReturnType<typeof at>[]) =>
        run(['stat', '-c', '%a', ...mounts.map((one) => one.destination)], ...mounts).stdout;
      expect(mode(at('/there'), at('/new/one'), at('/there/in', 'mode=1500'))).toBe('710\n1777\n1500\n');
      expect(statSync(join(bundle.rootfs, 'there')).mode & 0o7777).toBe(0o710);
    });

    it('a read-only tmpfs can hold mount points, and a read-only /dev its devices', () => {
      const result = bundle.run(
        ['sh', '-c', 'cat /data/in/file && ! true > /data/x; cat /proc/self/mountinfo; true > /dev/null'],
        (config) => {
          config.mounts.push(tmpfs('ro', 'mode=755') as Mount, {
            destination: '/data/in',
            type: 'bind',
            source,
            options: ['bind'],
          });
          for (const mount of config.mounts) if (mount.destination === '/dev') mount.options.push('ro');
        },
      );
      expect(result.stdout).toContain('content');
      expect(mountAt(result.stdout, '/data')?.options).toContain('ro');
      expect(mountAt(result.stdout, '/dev')?.options).toContain('ro');
      expect(result.code).toBe(0);
    });
  });

  describe('a tree on the host', () => {
    // In a mount namespace of its own, so that nothing is left when a test is killed.
    const inNamespace = (script: string, args: string[], ...mounts: (Partial<Mount> & { destination: string })[]) => {
      const prefix = ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', `${script}; exec "$0" "$@"`];
      const { code, stdout, stderr } = bundle.run(args, add(...mounts), { prefix });
      return { code, stdout, stderr };
    };
    let tree: string;
    beforeEach(() => {
      tree = `mkdir -p ${source}/sub; mount -t tmpfs top ${source}; mkdir ${source}/sub; mount -t tmpfs low ${source}/sub`;
    });
    const shown = (options: string[], script = tree) => {
      const result = inNamespace(script, ['cat', '/proc/self/mountinfo'], { destination: '/data', source, options });
      expect([result.code, result.stderr]).toEqual([0, '']);
      return (point: string) => mountAt(result.stdout, point);
    };

    it('bind takes one mount, rbind all, in whatever order they are given', () => {
      expect(shown(['bind'])('/data/sub')).toBeUndefined();
      for (const options of [['rbind'], ['rbind', 'bind'], ['bind', 'rbind']])
        expect(shown(options)('/data/sub')?.source).toBe('low');
    });

    it.each([
      ['rro', 'ro'],
      ['rnosuid', 'nosuid'],
      ['rnodev', 'nodev'],
      ['rnoexec', 'noexec'],
      ['rnoatime', 'noatime'],
      ['rnodiratime', 'nodiratime'],
      ['rnosymfollow', 'nosymfollow'],
    ])('%s reaches every mount below, its plain form only the top', (option, word) => {
      const recursive = shown(['rbind', option]);
      expect(recursive('/data')?.options).toContain(word);
      expect(recursive('/data/sub')?.options).toContain(word);
      const plain = shown(['rbind', option.slice(1)]);
      expect(plain('/data')?.options).toContain(word);
      expect(plain('/data/sub')?.options).not.toContain(word);
    });

    it.each([
      'rrw',
      'rsuid',
      'rdev',
      'rexec',
      'rdiratime',
      'rsymfollow',
      'ratime',
      'rrelatime',
      'rstrictatime',
      'rnostrictatime',
      'rnorelatime',
    ])('%s takes its opposite back, everywhere', (option) => {
      const opposite: Record<string, string> = {
        rrw: 'rro',
        rrelatime: 'rnoatime',
        rstrictatime: 'rnoatime',
        ratime: 'rnoatime',
      };
      const first = opposite[option] ?? (option.startsWith('rno') ? 'rstrictatime' : `rno${option.slice(1)}`);
      const word = first.slice(1);
      const seen = shown(['rbind', first, option]);
      if (!word.endsWith('atime') || word === 'noatime') {
        expect(seen('/data')?.options).not.toContain(word);
        expect(seen('/data/sub')?.options).not.toContain(word);
      }
      if (option === 'rnostrictatime') expect(seen('/data/sub')?.options).toContain('relatime');
    });

    it('mounts are private unless something else is asked for', () => {
      const shared = `${tree}; mount --make-rshared ${source}`;
      const seen = shown(['rbind'], shared);
      expect([seen('/data')?.propagation, seen('/data/sub')?.propagation]).toEqual([[], []]);
    });

    it.each([
      ['private', /^$/],
      ['rprivate', /^$/],
      ['slave', /^master:\d+$/],
      ['rslave', /^master:\d+$/],
      ['shared', /^shared:\d+$/],
      ['rshared', /^shared:\d+$/],
      ['unbindable', /^unbindable$/],
      ['runbindable', /^unbindable$/],
    ])('%s is the propagation of a bind mount', (option, expected) => {
      const seen = shown(['rbind', option], `${tree}; mount --make-rshared ${source}`);
      expect(seen('/data')?.propagation.join(' ')).toMatch(expected);
      if (option.length > 1 && option !== 'unbindable')
        expect(seen('/data/sub')?.propagation.join(' ')).toMatch(expected);
    });

    it('a source keeps the restrictions that it has on the host', () => {
      const seen = shown(['bind'], `mount -t tmpfs -o ro,nosuid,nodev,noexec top ${source}`);
      expect(seen('/data')?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
    });
  });

  it('a destination may lead through links of the image, dangling ones too, and stays inside', () => {
    symlinkSync('/tmp/foo/bar', join(bundle.rootfs, 'jump'));
    symlinkSync('/jump/baz/hosts', join(bundle.rootfs, 'etc/hosts'));
    const hosts = { destination: '/etc/hosts', source: join(source, 'file'), options: ['bind'] };
    expect(run(['cat', '/tmp/foo/bar/baz/hosts'], hosts).stdout).toBe('content');
    symlinkSync('loop', join(bundle.rootfs, 'loop'));
    expect(run(['true'], { ...hosts, destination: '/loop/x' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PATH_REFUSED'),
    });
    symlinkSync('/missing/../..', join(bundle.rootfs, 'climb'));
    expect(run(['true'], { ...hosts, destination: '/climb/etc/x' }).code).toBe(1);
  });

  it('a source inside the root is what earlier mounts made of it', () => {
    mkdirSync(join(bundle.rootfs, 'mnt'));
    const inner = { destination: '/final', source: join(bundle.rootfs, 'mnt'), options: ['rbind'] };
    expect(run(['cat', '/final/file'], { ...bind(), destination: '/mnt' }, inner).stdout).toBe('content');
  });

  it('a source inside the root has its ids mapped by the host side where the container has a user namespace', () => {
    mkdirSync(join(bundle.rootfs, 'mnt'));
    bundle.giveTo(100_000);
    const ids = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const mapped = { options: ['rbind', 'idmap'], uidMappings: ids, gidMappings: ids };
    const result = bundle.run(['stat', '-c', '%u', '/final/file'], (config) => {
      config.linux.namespaces.push({ type: 'user' });
      Object.assign(config.linux, { uidMappings: ids, gidMappings: ids });
      config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['bind'] });
      config.mounts.push({ destination: '/final', type: 'bind', source: join(bundle.rootfs, 'mnt'), ...mapped });
    });
    expect([result.code, result.stdout, result.stderr]).toEqual([0, '0\n', '']);
  });

  it('a mount on "/" takes the place of the root', () => {
    const other = join(source, 'root');
    execFileSync('cp', ['-a', bundle.rootfs, other]);
    writeFileSync(join(other, 'marker'), 'other');
    const result = bundle.run(['cat', '/marker'], (config) => {
      config.mounts.unshift({ destination: '/', type: 'bind', source: other, options: ['bind'] });
    });
    expect([result.code, result.stdout]).toEqual([0, 'other']);
    expect(run(['true'], { ...tmpfs('tmpcopyup'), destination: '/' }).code).toBe(1);
  });

  it('nothing of the host is left in the container’s table', () => {
    const points = mountinfo(table()).map((one) => one.point);
    expect(points.filter((point) => !/^\/($|proc|dev|sys)/.test(point))).toEqual([]);
  });
});
