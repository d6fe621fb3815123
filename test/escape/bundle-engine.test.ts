// SPDX-License-Identifier: Apache-2.0
// The commands that engines call, on a container without a user namespace: root inside is root outside. What a container that
// runs can do to exec, to hooks and to what deletes it; see mutations.ts for the line that each of these tests holds.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { compileAttack, digest } from '../support/attack.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun, until } from '../support/secure.ts';

const sleep = ['sleep', '600'];

describe.skipIf(cannotRun())('an engine’s container', () => {
  let scratch: string;
  let program: string;
  let bundle: Bundle;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'secure-escape-'));
    program = compileAttack(scratch);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(() => {
    bundle = new Bundle(program);
  });
  afterEach(() => bundle.remove());
  const exec = (...args: string[]) => bundle.call(['exec', bundle.id, ...args]);

  it('takes numbers of a user as they are, whatever the image calls them (CVE-2016-3697)', () => {
    writeFileSync(join(bundle.rootfs, 'etc/passwd'), '1000:x:0:0::/:/bin/sh\n');
    bundle.begin(sleep);
    expect(bundle.call(['exec', '--user', '1000:1001', bundle.id, 'grep', '^Uid', '/proc/self/status']).stdout).toBe(
      'Uid:\t1000\t1000\t1000\t1000\n',
    );
  });

  it.each([
    '1000:',
    ':1000',
    '1000:x',
    '-1',
    '4294967295',
    '4294967296',
    ' 1',
    '1 ',
    '0x1',
    '+1',
    'root',
    '1000:1000:0',
  ])('exec --user %j is refused (CVE-2026-30892)', (user) => {
    bundle.begin(sleep);
    const { code, stdout, stderr } = bundle.call([
      'exec',
      '--user',
      user,
      bundle.id,
      'grep',
      '^Uid',
      '/proc/self/status',
    ]);
    expect([code, stdout]).toEqual([255, '']);
    expect(stderr).toContain('error USAGE');
  });

  it('has descriptors 0, 1 and 2 in exec, and no working directory through others (CVE-2024-21626)', () => {
    bundle.begin(sleep);
    expect(exec('attack', 'descriptors').stdout).toBe('0 1 2 ');
    for (let n = 0; n <= 20; n += 1) {
      rmSync(join(bundle.rootfs, 'work'), { force: true });
      symlinkSync(`/proc/self/fd/${n}`, join(bundle.rootfs, 'work'));
      for (const cwd of [`/proc/self/fd/${n}`, '/work'])
        expect(bundle.call(['exec', '--cwd', cwd, bundle.id, 'attack', 'cwd'])).toMatchObject({
          code: 255,
          stdout: '',
          stderr: expect.stringContaining('CWD_FAILED'),
        });
    }
  });

  it('sees no descriptor of the host’s in a process that joins it (CVE-2016-9962)', async () => {
    bundle.begin(['attack', 'spy'], (config) => {
      const caps = ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'];
      config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
    });
    const seen = () => readFileSync(join(bundle.directory, 'log'), 'utf8').split('\n');
    await until('it looks', () => seen().includes('ready'));
    for (let i = 0; i < 30; i += 1) expect(exec('true').code).toBe(0);
    const known = /^fd (pipe:|socket:|\/dev\/null$|anon_inode:|pidfd:|\/proc\/\d+\/status)/;
    expect(seen().filter((line) => line.startsWith('fd ') && !known.test(line) && !line.endsWith('/log'))).toEqual([]);
  });

  it('does not reach the runtime’s own binary from exec (CVE-2019-5736)', async () => {
    const binary = join(scratch, 'secure-runtime');
    cpSync(runtimeBinary(), binary);
    const before = digest(binary);
    // It waits for a process that runs another file than its own, holds that file, and writes as soon as nobody runs it.
    const catcher = `while :; do for p in /proc/[0-9]*; do { [ /proc/self/fd/3 -ef /bin/busybox ] || {
      echo held >/tmp/held; i=0; while [ $i -lt 40 ]; do echo overwritten >/proc/self/fd/3 && break; sleep 0.05; i=$((i+1)); done
      echo over >/tmp/held; sleep 60; }; } 3<$p/exe; done; done 2>/dev/null`;
    bundle.begin(['sh', '-c', catcher]);
    writeFileSync(join(bundle.rootfs, 'bin/evil'), '#!/proc/self/exe\n', { mode: 0o755 });
    const held = () => existsSync(join(bundle.rootfs, 'tmp/held'));
    for (let tries = 0; tries < 200 && !held(); tries++)
      for (const words of [['evil'], ['/proc/self/exe', '--version']])
        bundle.call(['exec', bundle.id, ...words], { binary });
    expect(held()).toBe(true);
    bundle.call(['exec', bundle.id, 'attack', 'reopen', '/proc/self/exe'], { binary });
    for (let tries = 0; tries < 200 && readFileSync(join(bundle.rootfs, 'tmp/held'), 'utf8') !== 'over\n'; tries++)
      await delay(50);
    expect(digest(binary)).toBe(before);
    // As the process that executes itself is the host's: what it was started from is on a read-only mount.
    const script = 'exec 2>/dev/null; for p in /proc/[0-9]*; do : > $p/exe && readlink $p/exe; done; true';
    expect(bundle.call(['exec', bundle.id, 'sh', '-c', script], { binary }).stdout).toBe('');
  });

  it('is entered by a program that loads nothing (CVE-2019-14271)', () => {
    const headers = execFileSync('readelf', ['-lWd', runtimeBinary()], { encoding: 'utf8' });
    expect(headers).toContain('LOAD');
    expect(headers).not.toMatch(/INTERP|\(NEEDED\)/);
  });

  it('shares no abstract socket with what starts it (CVE-2020-15257)', () => {
    const names = () =>
      readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .map((line) => line.split(' ').at(-1) ?? '');
    const before = names().filter((name) => name.startsWith('@'));
    bundle.write(sleep);
    expect(
      bundle.call(['create', '--bundle', bundle.directory, bundle.id], { stdio: ['ignore', 'ignore', 'ignore'] }).code,
    ).toBe(0);
    expect(names().some((name) => name.endsWith('/start'))).toBe(true);
    expect(
      names().filter((name) => name.startsWith('@') && !before.includes(name) && /start|secure/.test(name)),
    ).toEqual([]);
  });

  it('keeps its state from other users (CVE-2021-41091)', () => {
    bundle.begin(sleep);
    const state = join(bundle.directory, 'state');
    for (const path of [state, join(state, bundle.id)])
      expect([path, statSync(path).mode & 0o7777]).toEqual([path, 0o700]);
    for (const name of readdirSync(join(state, bundle.id)))
      expect([name, statSync(join(state, bundle.id, name)).mode & 0o77]).toEqual([name, 0]);
  });

  it('sends an error of any length through the channel of a fixed one (CVE-2021-43784)', () => {
    const { code, stderr, signal } = bundle.run([`/${'x'.repeat(200)}`.repeat(15)]);
    expect([code, signal, stderr.length < 2000]).toEqual([127, null, true]);
    expect(stderr).toContain('error COMMAND_NOT_FOUND');
  });

  it.each(['run', 'exec'])('%s gives no inheritable and no ambient capability (CVE-2022-24769)', (command) => {
    const words = ['grep', '-E', '^(Cap(Inh|Amb)|NoNewPrivs)', '/proc/self/status'];
    if (command === 'exec') bundle.begin(sleep);
    const { stdout } =
      command === 'run' ? bundle.run(words) : bundle.call(['exec', '--cap', 'CAP_CHOWN', bundle.id, ...words]);
    expect(stdout).toBe('CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n');
  });

  it.each(['run', 'exec'])('%s gives no capability beyond the bounding set', (command) => {
    const words = ['grep', '^CapBnd', '/proc/self/status'];
    if (command === 'exec') bundle.begin(sleep);
    expect((command === 'run' ? bundle.run(words) : exec(...words)).stdout).toBe('CapBnd:\t00000000080000eb\n');
  });

  it.each(['run', 'exec'])(
    '%s loads the filter (CVE-2022-0185 and every other call that a profile denies)',
    (command) => {
      const change = (config: Config) => {
        const syscalls = [{ names: ['fsopen', 'unshare', 'keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }];
        config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls };
      };
      if (command === 'exec') bundle.begin(sleep, change);
      const { stdout } = command === 'run' ? bundle.run(['attack', 'calls'], change) : exec('attack', 'calls');
      expect(stdout).toMatch(/^keyctl EPERM$/m);
    },
  );

  it.each(['run', 'exec'])('%s runs a program that sets its user id as who it was (CVE-2023-0386)', (command) => {
    const source =
      '#include <stdio.h>\n#include <unistd.h>\nint main(void) { return printf("%d\\n", (int)geteuid()) < 0; }\n';
    const setuid = join(bundle.rootfs, 'bin/setuid');
    execFileSync('cc', ['-static', '-x', 'c', '-o', setuid, '-'], { input: source });
    execFileSync('chmod', ['4755', setuid]);
    const change = (config: Config) => (config.process.user = { uid: 1000, gid: 1000 });
    if (command === 'exec') bundle.begin(sleep, change);
    expect((command === 'run' ? bundle.run(['setuid'], change) : exec('setuid')).stdout).toBe('1000\n');
  });

  it('gives a hook its own environment and no descriptor of ours (CVE-2024-0132)', () => {
    const hook = join(scratch, 'hook');
    const out = join(bundle.directory, 'hook-saw');
    writeFileSync(hook, `#!/bin/busybox sh\n/bin/busybox env >> ${out}; echo fds /proc/$$/fd/* >> ${out}\n`, {
      mode: 0o755,
    });
    const change = (config: Config & { hooks?: unknown }) => {
      config.process.env.push('LD_PRELOAD=/evil.so', 'FROM_IMAGE=1');
      const one = { path: hook, args: ['hook'], env: ['OWN=1'] };
      config.hooks = { prestart: [one], createRuntime: [one], poststart: [one], poststop: [one] };
    };
    bundle.begin(sleep, change);
    expect(bundle.call(['delete', '--force', bundle.id], { env: { FROM_CALLER: '1' } }).code).toBe(0);
    const saw = readFileSync(out, 'utf8');
    expect(saw.match(/^OWN=1$/gm)?.length).toBe(4);
    expect(saw).not.toMatch(/LD_PRELOAD|FROM_/);
    // busybox has its script on 10, and reads the directory through 3.
    for (const line of saw.split('\n').filter((text) => text.startsWith('fds')))
      expect(line.replace(/\/proc\/\d+\/fd\//g, '')).toMatch(/^fds 0 1 (10 )?2 3$/);
  });

  it('deletes nothing through a link in the place of its state (CVE-2024-23651, CVE-2024-23652)', () => {
    const victim = mkdtempSync(join(scratch, 'victim-'));
    bundle.begin(sleep);
    const state = join(bundle.directory, 'state', bundle.id);
    mkdirSync(join(victim, 'below'));
    for (const name of ['file', 'below/file']) writeFileSync(join(victim, name), 'untouched');
    for (const name of ['state.json', 'config.json']) cpSync(join(state, name), join(victim, name));
    symlinkSync(victim, join(state, 'inside'));
    expect(bundle.call(['delete', '--force', bundle.id]).code).toBe(0);
    symlinkSync(victim, state);
    for (const words of [
      ['delete', '--force', bundle.id],
      ['delete', bundle.id],
      ['kill', bundle.id, 'KILL'],
    ])
      bundle.call(words);
    expect(bundle.call(['state', bundle.id]).code).not.toBe(0);
    expect(readdirSync(victim).sort()).toEqual(['below', 'config.json', 'file', 'state.json']);
    expect(readFileSync(join(victim, 'below/file'), 'utf8')).toBe('untouched');
  });

  it('costs exec no memory, however much it writes (CVE-2022-1708)', () => {
    bundle.begin(sleep);
    const script = `ulimit -v 65536; exec "$0" --root "$1" exec "$2" sh -c 'head -c 268435456 /dev/zero' > /dev/null`;
    symlinkSync('busybox', join(bundle.rootfs, 'bin/head'));
    execFileSync('sh', ['-c', script, runtimeBinary(), join(bundle.directory, 'state'), bundle.id], { stdio: 'pipe' });
  });

  it.each(['../victim', '..', '.', 'a/b', '/etc', '', 'a b', 'a\n', `${'x'.repeat(256)}`])(
    'has no name like %j: an id that is a path or a text leads nowhere (CVE-2024-9675)',
    (id) => {
      const victim = join(bundle.directory, 'victim');
      mkdirSync(victim);
      writeFileSync(join(victim, 'file'), '');
      bundle.write(['true']);
      for (const words of [
        ['run', '--bundle', bundle.directory, id],
        ['delete', '--force', id],
        ['kill', id],
        ['state', id],
      ])
        expect([words[0], bundle.call(words).stdout]).toEqual([words[0], '']);
      expect(bundle.call(['create', '--bundle', bundle.directory, id]).stderr).toMatch(/error (ID_INVALID|USAGE)/);
      expect(readdirSync(victim)).toEqual(['file']);
    },
  );
});
