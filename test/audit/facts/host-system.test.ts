// SPDX-License-Identifier: Apache-2.0
// Accounts, sshd, modules and services of a host, from files as people write them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { collectHost } from '../../../src/audit/facts/host.ts';
import { temporaryDirectory } from '../../support/store.ts';

function laid(files: Readonly<Record<string, string>>): string {
  const root = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const system = async (files: Readonly<Record<string, string>>) => (await collectHost(laid(files))).system;
const verdict = async (id: number, root: string) =>
  CHECKS.host.find((check) => check.id === `SEC-HOST-00${id}`)?.check(await collectHost(root));
const SSHD = { 'usr/sbin/sshd': '' };
const sshd = async (config: string, more: Readonly<Record<string, string>> = {}) => {
  const facts = (await system({ ...SSHD, 'etc/ssh/sshd_config': config, ...more })).sshd;
  const settings = Object.entries(facts?.settings ?? {}).map(([keyword, values]) => [
    keyword,
    values.map(({ value, conditional }) => (conditional ? `(${value})` : value)).join(' '),
  ]);
  return { ...Object.fromEntries(settings), ...(facts?.problem ? { problem: facts.problem } : {}) };
};

describe('sshd', () => {
  it.each([
    ['PermitRootLogin no\npermitrootlogin yes\n', { permitrootlogin: 'no yes' }],
    ['  PermitRootLogin\t"no" # why\n#PermitRootLogin yes\n', { permitrootlogin: 'no' }],
    ['PermitRootLogin=no\nX11Forwarding = YES\n', { permitrootlogin: 'no', x11forwarding: 'yes' }],
    [
      'Match User alice\nPermitRootLogin yes\nMatch all\nX11Forwarding yes\n',
      { permitrootlogin: '(yes)', x11forwarding: 'yes' },
    ],
  ])('%j', async (config, expected) => {
    expect(await sshd(config)).toEqual(expected);
  });

  it('reads what is included, where it is included', async () => {
    const more = {
      'etc/ssh/sshd_config.d/20-b.conf': 'PermitRootLogin yes\n',
      'etc/ssh/sshd_config.d/10-a.conf': 'PermitRootLogin no\nMatch User bob\nX11Forwarding yes\n',
      'etc/ssh/sshd_config.d/.hidden.conf': 'PermitRootLogin yes\n',
      'etc/ssh/other': 'MaxAuthTries 3\n',
    };
    expect(
      await sshd('Include sshd_config.d/*.conf\nX11Forwarding no\nMatch User eve\nInclude /etc/ssh/other\n', more),
    ).toEqual({
      // A Match of an included file ends with it.
      permitrootlogin: 'no yes',
      x11forwarding: '(yes) no',
      maxauthtries: '(3)',
    });
  });

  it('that includes itself, or what cannot be told, is unknown, not right', async () => {
    expect(await sshd('Include /etc/ssh/sshd_config\n')).toEqual({
      problem: expect.stringContaining('too many files'),
    });
    expect(await sshd('Include /etc/ssh/*/a\n')).toEqual({ problem: expect.stringContaining('cannot be told') });
    expect(await sshd('Include a?.conf\n')).toEqual({ problem: expect.stringContaining('cannot be told') });
    const root = laid({ ...SSHD, 'etc/ssh/sshd_config': 'PermitRootLogin no\nInclude /etc/ssh/*/a\n' });
    expect(await verdict(71, root)).toMatchObject({ status: 'unknown' });
  });

  it('is held by what a Match gives to some, and by what it does where nothing is said', async () => {
    const config = (text: string) => laid({ ...SSHD, 'etc/ssh/sshd_config': text });
    expect(
      await verdict(71, config('PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\n')),
    ).toMatchObject({
      status: 'fail',
      problems: [{ message: expect.stringContaining('for some connections') }],
    });
    expect(await verdict(71, config(''))).toMatchObject({ status: 'pass' });
    expect(await verdict(72, config(''))).toMatchObject({ status: 'fail', problems: [{}, {}] });
    expect(await verdict(71, laid({ 'etc/ssh/sshd_config': 'PermitRootLogin yes\n' }))).toMatchObject({
      status: 'not-applicable',
    });
  });
});

describe('accounts', () => {
  it('that need no password are found in both files, and in none when one cannot be read', async () => {
    const passwd = 'root:x:0:0::/:/bin/sh\nguest::7:7::/:/bin/sh\nalice:x:8:8::/:/bin/sh\n# note\n';
    expect(
      (await system({ 'etc/passwd': passwd, 'etc/shadow': 'root:!:1\nalice::1::::::\nguest:*:1\n' })).openAccounts,
    ).toEqual(['guest', 'alice']);
    expect((await system({ 'etc/shadow': 'root::1\n' })).openAccounts).toBeNull();
    const root = laid({ 'etc/passwd': passwd });
    execFileSync('mkfifo', [join(root, 'etc/shadow')]);
    expect((await collectHost(root)).system.openAccounts).toBeNull();
  });

  it('are given once', async () => {
    const files = {
      'etc/passwd': 'a:x:1:1::/:\nb:x:1:2::/:\na:x:3:3::/:\nroot:x:0:0::/:\ntoor:x:0:0::/:\n',
      'etc/group': 'g:x:5:\nh:x:5:\ng:x:6:\n',
    };
    expect((await system(files)).duplicates).toEqual([
      '/etc/passwd name a',
      '/etc/passwd id 1',
      '/etc/group name g',
      '/etc/group id 5',
    ]);
    expect((await system({ 'etc/passwd': 'a:x:1:1::/:\n' })).duplicates).toBeNull();
  });
});

describe('modules and services', () => {
  it('are barred by an install of nothing, and by a blacklist', async () => {
    const conf = [
      ...['install dccp /bin/false', 'install rds /usr/bin/true', 'blacklist  tipc', '# install x /bin/false'],
      ...['install sctp /sbin/modprobe --ignore-install sctp', 'install snd-pcm /bin/true', 'options a b=c', ''],
    ].join('\n');
    expect(
      (await system({ 'usr/lib/modprobe.d/a.conf': conf, 'etc/modprobe.d/b': 'blacklist ignored' })).barredModules,
    ).toEqual(['dccp', 'rds', 'snd_pcm', 'tipc']);
  });

  it('of a kernel whose options are not known are unknown, unless they are barred', async () => {
    const bar = 'install dccp /bin/false\ninstall rds /bin/false\n';
    expect(await verdict(78, laid({ 'etc/modprobe.d/a.conf': bar }))).toMatchObject({ status: 'unknown' });
    expect(await verdict(78, laid({ 'etc/modprobe.d/a.conf': `${bar}install tipc /bin/false\n` }))).toMatchObject({
      status: 'pass',
    });
  });

  it('are those that targets want, by links that lead nowhere in this tree, too', async () => {
    const root = laid({ 'etc/systemd/system/a.service': '', 'etc/systemd/system/b.target.requires/x.socket': '' });
    mkdirSync(join(root, 'etc/systemd/system/multi-user.target.wants'));
    symlinkSync(
      '/lib/systemd/system/cups.service',
      join(root, 'etc/systemd/system/multi-user.target.wants/cups.service'),
    );
    expect((await collectHost(root)).system.enabledUnits).toEqual(['cups.service', 'x.socket']);
    expect(await verdict(79, root)).toMatchObject({ status: 'fail', problems: [{ key: 'cups.service' }] });
  });

  it('are those of OpenRC and System V, too, not those that are masked, and unknown where nothing says so', async () => {
    expect(
      (await system({ 'etc/runlevels/default/cupsd': '', 'etc/rc2.d/S01cups': '', 'etc/rc2.d/K01x': '' })).enabledUnits,
    ).toEqual(['cups.service', 'cupsd.service']);
    expect((await system({ 'etc/passwd': '' })).enabledUnits).toBeUndefined();
    const root = laid({
      'usr/lib/systemd/system/multi-user.target.wants/cups.service': '',
      'usr/lib/systemd/system/multi-user.target.wants/avahi-daemon.service': '',
    });
    execFileSync('mkdir', ['-p', join(root, 'etc/systemd/system'), join(root, 'dev')]);
    execFileSync('mknod', [join(root, 'dev/null'), 'c', '1', '3']);
    symlinkSync('/dev/null', join(root, 'etc/systemd/system/cups.service'));
    expect((await collectHost(root)).system.enabledUnits).toEqual(['avahi-daemon.service']);
    expect(await verdict(79, laid({ 'etc/passwd': '' }))).toMatchObject({ status: 'unknown' });
    expect(await verdict(80, laid({ 'etc/passwd': '' }))).toMatchObject({ status: 'unknown' });
  });

  it('are barred by the command line of the kernel', async () => {
    const files = { 'proc/cmdline': 'quiet module_blacklist=dccp,rds modprobe.blacklist=tipc\n' };
    expect(await verdict(78, laid(files))).toMatchObject({ status: 'pass' });
  });
});

describe('podman, buildah, CRI-O and containerd', () => {
  const podman = async (files: Readonly<Record<string, string>>) => (await collectHost(laid(files))).podman;

  it('have what the last file says, and what any file says of registries', async () => {
    const facts = await podman({
      'usr/bin/buildah': '',
      'usr/share/containers/containers.conf': '[containers]\nlabel = false\npids_limit = 1\n',
      'etc/containers/containers.conf.d/b.conf': '[containers]\nlabel = true\n',
      'etc/containers/containers.conf.d/a.conf': '[containers]\nlabel = false\n',
      'etc/containers/containers.conf.d/README': '[containers]\nlabel = false\n',
      'etc/containers/registries.conf': '[registries.insecure]\nregistries = ["old.example"]\n',
      'etc/containers/registries.conf.d/x.conf': '[[registry]]\nprefix = "p.example/a"\ninsecure = true\n',
      'etc/containerd/certs.d/_default/hosts.toml':
        'server = "http://plain.example"\n[host."https://ok.example"]\nca = "/ca"\n',
      'etc/containerd/certs.d/h.example/hosts.toml': 'skip_verify = true\n',
    });
    expect(facts.installed).toBe(true);
    expect(facts.settings).toMatchObject({
      'containers.label': { value: true, file: '/etc/containers/containers.conf.d/b.conf' },
      'containers.pids_limit': { value: 1 },
    });
    expect(facts.insecure.map(({ registry }) => registry)).toEqual([
      'old.example',
      'p.example/a',
      'plain.example',
      'h.example',
    ]);
    expect(facts.problem).toBeNull();
  });

  it.each([
    ['it is broken', '[containers\n'],
    ['it nests without end', `a = ${'['.repeat(200_000)}`],
  ])('are unknown where %s', async (_, text) => {
    const root = laid({ 'usr/bin/podman': '', 'etc/containers/containers.conf': text });
    expect(await verdict(84, root)).toMatchObject({ status: 'unknown', why: expect.stringContaining('not TOML') });
  });
});
