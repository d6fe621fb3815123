// SPDX-License-Identifier: Apache-2.0
// Hostile configs and programs in plain OCI bundles: descriptors, working directories, ids, sysctls, the runtime's own binary.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { answers, compileAttack, digest } from '../support/attack.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

const NUMBERS = Array.from({ length: 41 }, (_, n) => n);
const refused = (stderr: string) => ({ code: 1, stderr: expect.stringContaining(stderr) });

describe.skipIf(cannotRun())('a hostile config or program', () => {
  let scratch: string;
  let program: string;
  let bundle: Bundle;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'secure-escape-'));
    program = compileAttack(scratch);
    bundle = new Bundle(program);
  });
  afterAll(() => {
    bundle.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('a working directory of /proc/self/fd/N is refused for every N (CVE-2024-21626)', () => {
    // Through a link of the image as well, which no look at the config can see.
    for (const n of NUMBERS) {
      const link = join(bundle.rootfs, 'work');
      rmSync(link, { force: true });
      symlinkSync(`/proc/self/fd/${n}`, link);
      for (const cwd of [`/proc/self/fd/${n}`, `/proc/1/fd/${n}/..`, '/work'])
        expect(bundle.run(['attack', 'cwd'], (config) => (config.process.cwd = cwd))).toMatchObject(
          refused('CWD_FAILED'),
        );
    }
  });

  it('getcwd is inside', () => {
    const { stdout } = bundle.run(['attack', 'cwd'], (config) => (config.process.cwd = '/tmp/../etc'));
    expect(stdout).toBe('/etc\n');
  });

  it('no program of the host is reached through /proc/self/fd/N', () => {
    const up = '../'.repeat(12);
    for (const n of NUMBERS) {
      const result = bundle.run([`/proc/self/fd/${n}/${up}${program.slice(1)}`]);
      expect([result.code, result.stdout]).not.toEqual([0, 'marker\n']);
      expect([126, 127]).toContain(result.code);
    }
  });

  it('has descriptors 0, 1 and 2, whatever the caller had open', () => {
    const extra = openSync('/', 'r');
    try {
      const stdio = ['ignore', 'pipe', 'pipe', extra, extra, extra] as ('ignore' | 'pipe' | number)[];
      expect(bundle.run(['attack', 'descriptors'], () => {}, { stdio }).stdout).toBe('0 1 2 ');
    } finally {
      closeSync(extra);
    }
  });

  describe('the runtime’s own binary stays as it is (CVE-2019-5736)', () => {
    let binary: string;
    beforeAll(() => {
      // A copy, so that a failure does not cost more than the test.
      binary = join(scratch, 'secure-runtime');
      cpSync(runtimeBinary(), binary);
      writeFileSync(join(bundle.rootfs, 'bin/evil'), '#!/proc/self/exe\n', { mode: 0o755 });
    });

    it.each([
      ['as interpreter of the program', ['evil']],
      ['as the program', ['/proc/self/exe', '--version']],
      ['opened again for writing', ['attack', 'reopen', '/proc/self/exe']],
    ])('%s', (_, args) => {
      const before = digest(binary);
      bundle.run(args, () => {}, { binary });
      expect(digest(binary)).toBe(before);
    });

    it('held by a hook of the image until nobody runs it any more', async () => {
      const before = digest(binary);
      // /bin/sh is the image's; what it leaves behind lives on beside the container.
      const script = `exec 3</proc/1/exe; echo held >/tmp/held
        (i=0; while [ $i -lt 60 ]; do echo overwritten >/proc/self/fd/3 && break; sleep 0.05; i=$((i+1)); done) >/dev/null 2>&1 &`;
      bundle.write(['sleep', '30'], (config) => {
        Object.assign(config, { hooks: { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', script] }] } });
        Object.assign(config.process.capabilities as object, {
          bounding: ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE'],
          effective: ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE'],
          permitted: ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE'],
        });
      });
      for (const words of [
        ['create', '--bundle', bundle.directory, bundle.id],
        ['start', bundle.id],
      ])
        expect(bundle.call(words, { binary, stdio: ['ignore', 'ignore', 'ignore'] }).code).toBe(0);
      await delay(1500);
      bundle.call(['delete', '--force', bundle.id]);
      // It did get hold of it, else this would prove nothing.
      expect(readFileSync(join(bundle.rootfs, 'tmp/held'), 'utf8')).toBe('held\n');
      rmSync(join(bundle.rootfs, 'tmp/held'));
      expect(digest(binary)).toBe(before);
    });

    it('is on a read-only mount while the container runs', () => {
      const { stdout } = bundle.run(['/proc/self/exe', 'run', '--bundle', '/none', 'x'], () => {}, { binary });
      expect(stdout).toBe('');
      const script = 'exec 2>/dev/null; for p in /proc/[0-9]*; do : > $p/exe && echo $(readlink $p/exe); done; true';
      expect(bundle.run(['sh', '-c', script], () => {}, { binary }).stdout).toBe('');
    });
  });

  it.each([
    'kernel.core_pattern',
    'kernel.shm_rmid_forced+kernel.core_pattern',
    'net.ipv4.ip_forward+kernel.core_pattern',
    'net.ipv4/../../kernel/core_pattern',
    'net.../kernel.core_pattern',
    'kernel.msgmax\n',
    'kernel/core_pattern',
    'kernel.hostname',
    'fs.file-max',
    'vm.swappiness',
    '',
  ])('sysctl %j is refused (CVE-2022-0811)', (key) => {
    // What the host has already: a runtime that lets it through must not cost the machine more than the test.
    const host = (name: string) => readFileSync(`/proc/sys/${name}`, 'utf8').trim();
    const own: Record<string, string> = { 'fs.file-max': 'fs/file-max', 'vm.swappiness': 'vm/swappiness' };
    const value = host(own[key] ?? 'kernel/core_pattern');
    const result = bundle.run(['true'], (config) => (config.linux.sysctl = { [key]: value }));
    expect(result).toMatchObject(refused('CONFIG_INVALID'));
  });

  it('a sysctl of the network needs a namespace of its own, and then is that namespace’s', () => {
    const set = (config: Config) => (config.linux.sysctl = { 'net.ipv4.ip_default_ttl': '77' });
    const host = readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8');
    expect(bundle.run(['cat', '/proc/sys/net/ipv4/ip_default_ttl'], set).stdout).toBe('77\n');
    const shared = bundle.run(['true'], (config) => {
      set(config);
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
    });
    expect(shared).toMatchObject(refused('CONFIG_INVALID'));
    expect(readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8')).toBe(host);
  });

  const map = (length: number) =>
    Array.from({ length }, (_, i) => ({ containerID: i, hostID: 3_000_000_000 + i, size: 1 }));
  it.each<[string, unknown]>([
    ['70,000 bytes (CVE-2021-43784)', map(4000)],
    ['more than a page', map(340)],
    ['beyond the last id', [{ containerID: 0, hostID: 4_294_967_295, size: 2 }]],
    ['no id', [{ containerID: 0, hostID: 1, size: 0 }]],
    ['a negative id', [{ containerID: 0, hostID: -1, size: 1 }]],
    [
      'overlap',
      [
        { containerID: 0, hostID: 1, size: 5 },
        { containerID: 4, hostID: 100, size: 5 },
      ],
    ],
    ['without 0', [{ containerID: 1, hostID: 3_000_000_000, size: 5 }]],
  ])('an id map of %s is a clean error', (_, uidMappings) => {
    const result = bundle.run(['true'], (config) => {
      config.linux.namespaces.push({ type: 'user' });
      Object.assign(config.linux, {
        uidMappings,
        gidMappings: [{ containerID: 0, hostID: 3_000_000_000, size: 65536 }],
      });
      config.mounts = [];
    });
    expect([result.code, result.signal, result.stderr.split('\n').length < 5]).toEqual([1, null, true]);
    expect(result.stderr).toMatch(/error (CONFIG_INVALID|USERNS_FAILED|WRITE_FAILED)/);
  });

  it.each<[string, unknown]>([
    ['uid -1', { uid: -1, gid: 0 }],
    ['uid 4294967295', { uid: 4_294_967_295, gid: 0 }],
    ['uid 4294967296', { uid: 4_294_967_296, gid: 0 }],
    ['gid 4294967295', { uid: 0, gid: 4_294_967_295 }],
    ['a group of 4294967295', { uid: 0, gid: 0, additionalGids: [4_294_967_295] }],
    ['a uid that is text', { uid: '0', gid: 0 }],
    ['a fraction', { uid: 0.5, gid: 0 }],
    ['100,000 groups', { uid: 0, gid: 0, additionalGids: Array(100_000).fill(1) }],
  ])('%s is refused', (_, user) => {
    const result = bundle.run(['true'], (config) => (config.process.user = user));
    expect([result.code, result.stdout]).toEqual([1, '']);
  });

  it('has the groups it was given and none of the starter’s', () => {
    const inGroups = ['setpriv', '--groups', '10,20'];
    const { stdout } = bundle.run(['grep', 'Groups', '/proc/self/status'], () => {}, { prefix: inGroups });
    expect(stdout.trim()).toBe('Groups:');
  });

  it('possesses no key of whoever started it', () => {
    const inside = bundle.run(['attack', 'keyring'], () => {}, { prefix: [program, 'join-keyring'] }).stdout;
    const outside = spawnSync(program, ['join-keyring', program, 'keyring'], { encoding: 'utf8' }).stdout;
    expect(Number(inside)).toBeGreaterThan(0);
    const both = `${program} keyring; exec ${runtimeBinary()} run --bundle ${bundle.directory} ${bundle.id}`;
    const [before, after] = execFileSync(program, ['join-keyring', '/bin/sh', '-c', both], { encoding: 'utf8' }).split(
      '\n',
    );
    expect(Number(outside)).toBeGreaterThan(0);
    expect(Number(after)).toBeGreaterThan(0);
    expect(after).not.toBe(before);
  });

  it('leaves no process when its first one ends, without a pid namespace too', () => {
    const { stdout, stderr } = bundle.run(['sh', '-c', 'sleep 300 >/dev/null 2>&1 & echo $!'], (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    });
    // Its root is the bundle's: not another process that got the number meanwhile.
    const left = existsSync(`/proc/${stdout.trim()}/root/bin/attack`);
    if (left) process.kill(Number(stdout), 'SIGKILL');
    expect([Number(stdout) > 1, left, stderr]).toEqual([true, false, '']);
  });

  it('masks kernel interfaces and keeps devices away, from root with CAP_MKNOD too', () => {
    const script = `cat /proc/interrupts | wc -c; ls /sys/firmware | wc -l
mknod /tmp/mem c 1 1; mknod /tmp/disk b 8 0; read -r old < /proc/sys/kernel/core_pattern; echo "$old" > /proc/sys/kernel/core_pattern; ls /tmp`;
    const { stdout, stderr } = bundle.run(['sh', '-c', script]);
    expect(stdout).toBe('0\n0\n');
    expect(stderr.match(/Operation not permitted|Read-only file system/g)?.length).toBe(3);
  });

  it('sees no other cgroup, with and without a cgroup namespace (CVE-2022-0492)', () => {
    const script =
      'ls -d /sys/fs/cgroup/*/secure* /sys/fs/cgroup/secure*; ls /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent; cat /sys/fs/cgroup/*/cgroup.procs';
    for (const own of [true, false]) {
      const { stdout, code } = bundle.run(['sh', '-c', script], (config) => {
        if (!own) config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
        config.mounts.push({
          destination: '/sys/fs/cgroup',
          type: 'cgroup',
          source: 'cgroup',
          options: ['ro', 'nosuid', 'noexec', 'nodev'],
        });
      });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^1$/m);
      expect(stdout.replace(/^[12]?\d?\n/gm, '')).toBe('');
    }
  });

  it('a name in an error cannot steer the terminal', () => {
    const { code, stderr } = bundle.run(['a\u009b31m\u001b[2J\u0007']);
    expect([code, /(?!\n)\p{Cc}/u.test(stderr)]).toEqual([127, false]);
    expect(stderr).toContain("'a?31m?[2J?'");
  });

  it('every call of the helper is a valid one: with the capabilities, and without a filter, most work', () => {
    const all = [
      'CAP_SYS_ADMIN',
      'CAP_SYS_CHROOT',
      'CAP_MKNOD',
      'CAP_DAC_READ_SEARCH',
      'CAP_NET_RAW',
      'CAP_BPF',
      'CAP_SYSLOG',
    ];
    const { stdout } = bundle.run(['attack', 'calls'], (config) => {
      config.process.capabilities = { bounding: all, effective: all, permitted: all };
      config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: [] });
    });
    const got = answers(stdout);
    const worked = Object.keys(got).filter((name) => got[name] === 'OK');
    expect(worked).toEqual(
      expect.arrayContaining([
        'io_uring_setup',
        'keyctl',
        'add_key',
        'bpf',
        'userfaultfd',
        'mount',
        'fsopen',
        'open_tree',
        'chroot',
        'unshare-user',
        'unshare-mount',
        'setns',
        'packet',
        'clone-user',
        'clone3',
        'umount2',
      ]),
    );
    // Refused for what it is, not for who asks.
    expect(got).toMatchObject({
      open_by_handle_at: expect.stringMatching(/^(ESTALE|EINVAL|EOPNOTSUPP)$/),
      TIOCSTI: 'ENOTTY',
    });
  });
});
