// SPDX-License-Identifier: Apache-2.0
// Logins, logs, sources of packages and what compares files, from a tree of files as hosts have them, and as somebody hostile lays them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { weakNames } from '../../../src/audit/checks/host/sshd-algorithms.ts';
import { seconds } from '../../../src/audit/checks/host/sshd-limits.ts';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { parseSyscalls } from '../../../src/audit/facts/host/auditd.ts';
import { exampleFacts } from '../../../src/audit/facts/host/example.ts';
import { pamModules } from '../../../src/audit/facts/host/logins.ts';
import { sections } from '../../../src/audit/facts/host/packages.ts';
import { collectHost, type HostFacts } from '../../../src/audit/facts/host.ts';
import { temporaryDirectory } from '../../support/store.ts';

function tree(files: Readonly<Record<string, string | null>>): string {
  const root = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (text === null) execFileSync('mkfifo', [join(root, path)]);
    else writeFileSync(join(root, path), text);
  }
  return root;
}
const facts = (files: Readonly<Record<string, string | null>>) => collectHost(tree(files));
const said = (id: string, given: HostFacts): string =>
  CHECKS.host.find((check) => check.id === id)?.check(given).status ?? 'no such check';

const ACCOUNTS = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/:\ndes:ab1cdEFgh2ijK:33:33::/:/bin/sh\n+@people::::::\n',
  'etc/group': 'root:x:0:\nusers:x:100:\nshadow:x:42:alice,\n',
};

describe('logins', () => {
  it('are by hashes that fit', async () => {
    const shadow = 'root:!$6$a$b:1\nalice:$1$a$b:1\nbob:*:1\ncarol::1\ndave:$y$j9T$a$b:1\n';
    const { logins } = await facts({ ...ACCOUNTS, 'etc/shadow': shadow });
    expect(logins?.usable).toEqual(['des', 'alice', 'dave']);
    expect(logins?.weak).toEqual([
      { name: 'des', kind: 'DES' },
      { name: 'alice', kind: 'MD5' },
    ]);
    expect(logins?.elsewhere).toEqual(['/etc/passwd']);
    expect(logins?.groupless).toEqual(['des']);
    expect(logins?.shadowGroup).toEqual(['alice']);
    expect(logins?.shells).toMatchObject({ alice: '/bin/sh', root: '/bin/sh' });
  });

  it('are not known where a file is a FIFO, and nobody waits for it', async () => {
    const found = await facts({ ...ACCOUNTS, 'etc/shadow': null, 'etc/login.defs': null, 'etc/pam.d/su': null });
    expect(found.logins).toMatchObject({ usable: null, weak: null, defs: null, pam: null, elsewhere: null });
    for (const id of ['0126', '0127', '0128', '0129', '0130']) expect(said(`SEC-HOST-${id}`, found)).toBe('unknown');
  });

  it('do not follow a link out of the tree', async () => {
    const root = tree({ 'etc/passwd': 'root:x:0:0::/:\n' });
    const outside = join(temporaryDirectory(), 'shadow');
    writeFileSync(outside, 'mallory:$1$a$b:1\n');
    symlinkSync(`${'../'.repeat(20)}${outside}`, join(root, 'etc/shadow'));
    expect((await collectHost(root)).logins?.usable).toEqual([]);
  });

  it.each([
    ['auth required pam_unix.so nullok', ['pam_unix']],
    ['-session optional /lib/security/pam_systemd.so', ['pam_systemd']],
    ['auth [success=1 default=ignore] pam_faillock.so', ['pam_faillock']],
    ['# auth required pam_wheel.so', []],
    ['@include common-auth', []],
    ['auth', ['']],
    ['['.repeat(1_000_000), []],
  ])('%.60j has the modules %j', (text, modules) => {
    expect(pamModules(text)).toEqual(modules);
  });
});

describe('logs', () => {
  it('are set by the last file that speaks of it', async () => {
    const { logs } = await facts({
      'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\nStorage=none\nCompress=yes\n',
      'usr/lib/systemd/journald.conf.d/10.conf': '[Journal]\nStorage=volatile\n',
      'etc/systemd/journald.conf.d/10.conf': '[Journal]\nStorage = persistent\n',
    });
    expect(logs?.journald).toEqual({ storage: 'persistent', compress: 'yes' });
  });

  it.each([
    ['input(type="imudp" port="514")', ['imudp']],
    ['module(load="imtcp")\ninput( type="imtcp" port="514" )', ['imtcp']],
    ['$ModLoad imudp\n$UDPServerRun 514', ['UDPServerRun']],
    ['# input(type="imudp")\nmodule(load="imudp")', []],
    ['input(type="imfile" File="/var/log/x")', []],
  ])('%j takes messages by %j', async (text, inputs) => {
    expect((await facts({ 'etc/rsyslog.d/50.conf': text })).logs?.inputs).toEqual(inputs);
  });

  it('are not known where rsyslog cannot be read', async () => {
    const found = await facts({ 'etc/rsyslog.conf': null });
    expect(found.logs?.problem).toContain('/etc/rsyslog.conf');
    expect(said('SEC-HOST-0122', found)).toBe('unknown');
    expect(said('SEC-HOST-0121', found)).toBe('unknown');
  });
});

describe('packages', () => {
  it.each([
    ['etc/apt/sources.list', 'deb [ arch=amd64 trusted=yes ] http://a b c', 'trusted=yes'],
    ['etc/apt/sources.list.d/a.list', 'deb [allow-insecure=yes] http://a b c', 'allow-insecure=yes'],
    ['etc/apt/sources.list.d/a.sources', 'Types: deb\nTrusted: yes\n', 'Trusted: yes'],
    ['etc/apt/apt.conf.d/99', 'APT::Get::AllowUnauthenticated "true";', 'AllowUnauthenticated'],
    ['etc/apt/apt.conf', 'APT { Get { AllowUnauthenticated "1"; }; };', 'AllowUnauthenticated'],
    ['etc/apt/apt.conf', 'Acquire::AllowDowngradeToInsecureRepositories with;', 'AllowDowngradeToInsecureRepositories'],
    ['etc/apt/sources.list', 'deb [trusted=on] http://a b c', 'trusted=on'],
    ['etc/apt/sources.list.d/a.sources', 'Types: deb\nTrusted: enable\n', 'Trusted: enable'],
    ['etc/pacman.conf', '[options]\nSigLevel = Optional\n', 'SigLevel of options'],
    ['etc/pacman.conf', '[own]\nSigLevel = PackageOptional\n', 'SigLevel of own'],
    ['etc/yum.repos.d/a.repo', '[a]\nname=a\ngpgcheck = 0\n', 'gpgcheck of a'],
    // Where nobody says so, dnf asks for none.
    ['etc/yum.repos.d/a.repo', '[a]\nname=a\n', 'gpgcheck of a'],
    ['etc/zypp/repos.d/a.repo', '[a]\ngpgcheck=off\n', 'gpgcheck of a'],
    ['etc/pacman.conf', '[options]\nSigLevel = Required\n[own]\nSigLevel = Optional TrustAll\n', 'SigLevel of own'],
  ])('of %s need no signature by %j', async (path, text, what) => {
    const found = await facts({ [path]: text });
    expect(found.packages?.unsigned).toEqual([{ file: `/${path}`, what }]);
    expect(said('SEC-HOST-0109', found)).toBe('fail');
  });

  it.each([
    ['etc/apt/sources.list', '# deb [trusted=yes] http://a b c\ndeb [signed-by=/k.gpg] http://a b c\n'],
    ['etc/apt/apt.conf', '// APT::Get::AllowUnauthenticated "true";\nAPT::Get::AllowUnauthenticated "false";\n'],
    ['etc/yum.repos.d/a.repo', '[a]\nenabled=0\ngpgcheck=0\n[b]\ngpgcheck=1\n'],
    ['etc/zypp/repos.d/a.repo', '[a]\nname=a\n'],
    ['etc/pacman.conf', '[options]\nSigLevel = Required DatabaseOptional\n'],
  ])('of %s are signed by %j', async (path, text) => {
    expect(said('SEC-HOST-0109', await facts({ [path]: text }))).toBe('pass');
  });

  it('of which a list cannot be read are not known to be signed', async () => {
    expect(said('SEC-HOST-0109', await facts({ 'etc/apt/sources.list': null }))).toBe('unknown');
    expect(said('SEC-HOST-0109', await facts({}))).toBe('not-applicable');
  });

  it('have settings by section', () => {
    expect(sections('x=1\n[a]\nB = c = d\n; e=f\n[ ]\n')).toEqual([
      { name: 'a', settings: { b: 'c = d' } },
      { name: ' ', settings: {} },
    ]);
  });
});

describe('files are compared', () => {
  it.each([
    [
      { 'usr/bin/aide': '', 'etc/crontab': '0 3 * * * root aide --check\n' },
      { programs: ['aide'], scheduled: true },
    ],
    [
      { 'usr/bin/aide': '', 'etc/crontab': '# 0 3 * * * root aide\n' },
      { programs: ['aide'], scheduled: false },
    ],
    [
      { 'usr/bin/aide': '', 'etc/crontab': null },
      { programs: ['aide'], scheduled: null },
    ],
    [
      { 'usr/bin/aide': '', 'etc/cron.daily/dailyaidecheck': '' },
      { programs: ['aide'], scheduled: true },
    ],
    [{ 'usr/sbin/samhain': '' }, { programs: ['samhain'], scheduled: true }],
    [{}, { programs: [], scheduled: false }],
  ] as const)('%j: %j', async (files, integrity) => {
    expect((await facts(files)).integrity).toEqual(integrity);
  });
});

describe('the audit system', () => {
  it.each([
    ['-a always,exit -F arch=b64 -S init_module,finit_module -S mount', ['init_module', 'finit_module', 'mount']],
    ['-a never,exit -S mount', []],
    ['# -a always,exit -S mount', []],
  ])('%s records %j', (rule, calls) => {
    expect(parseSyscalls(rule)).toEqual(calls);
  });
});

describe('sshd', () => {
  it.each([
    ['120', 120],
    ['1m30s', 90],
    ['2h', 7200],
    ['', Number.NaN],
    ['1x', Number.NaN],
    [`${'1'.repeat(100_000)}x`, Number.NaN],
  ])('has %.20s for %d seconds', (text, value) => {
    expect(seconds(text)).toBe(value);
  });

  it.each([
    ['Ciphers', '+aes256-cbc,aes256-ctr', ['aes256-cbc']],
    ['Ciphers', '-*', []],
    ['Ciphers', '', []],
    ['MACs', '^hmac-md5-etm@openssh.com', ['hmac-md5-etm@openssh.com']],
    ['KexAlgorithms', 'diffie-hellman-group14-sha256', []],
  ])('of %s %s has the weak names %j', (keyword, value, names) => {
    expect(weakNames(keyword, value)).toEqual(names);
  });
});

describe('text that somebody hostile wrote', () => {
  const FILES = [
    ...['etc/passwd', 'etc/group', 'etc/shadow', 'etc/login.defs', 'etc/pam.d/su', 'etc/selinux/config', 'etc/crontab'],
    ...['etc/systemd/journald.conf', 'etc/rsyslog.conf', 'etc/apt/sources.list', 'etc/apt/sources.list.d/a.sources'],
    ...['etc/apt/apt.conf', 'etc/yum.repos.d/a.repo', 'etc/dnf/dnf.conf', 'etc/pacman.conf', 'etc/audit/auditd.conf'],
    ...['etc/audit/rules.d/a.rules', 'root/.bashrc', 'etc/environment', 'etc/postfix/main.cf', 'usr/bin/aide'],
    ...['proc/sys/kernel/osrelease', 'proc/cmdline', 'sys/kernel/security/apparmor/profiles', 'etc/ssh/sshd_config'],
  ];
  it.each([...[' ', '\n', '[', '\t#', 'PATH=', 'deb [', 'input(type= ', '-a always,exit -S ', 'auth [', '+\n']])(
    '%j again and again is read in the time that its length takes',
    async (filler) => {
      const text = filler.repeat(Math.ceil(300_000 / filler.length));
      const found = await facts(Object.fromEntries(FILES.map((path) => [path, text])));
      expect(CHECKS.host.map((check) => check.check(found).status)).not.toContain(undefined);
    },
  );
});

it('facts of an older version are judged, and what they do not have is unknown', () => {
  const {
    logins: _1,
    logs: _2,
    packages: _3,
    integrity: _4,
    programs: _13,
    homes: _14,
    mail: _15,
    ...rest
  } = exampleFacts;
  const { installed: _5, complaining: _6, wireless: _7, ...kernel } = rest.kernel;
  const { hostPublicKeys: _8, seLinuxConfig: _9, ...system } = rest.system;
  const { syscalls: _10, locked: _11, settings: _12, ...auditd } = rest.auditd;
  const old = { ...rest, kernel, system, auditd } as unknown as HostFacts;
  const verdicts = CHECKS.host.map((check) => [check.id, check.check(old).status] as const);
  const unknown = verdicts.filter(([, status]) => status === 'unknown').map(([id]) => id.slice(-4));
  expect(unknown).toEqual([
    ...['0109', '0110', '0112', '0113', '0115', '0116', '0118', '0119', '0120', '0121', '0122', '0123', '0126', '0127'],
    ...['0128', '0129', '0130', '0131', '0132', '0133', '0134', '0135', '0136'],
  ]);
});
