// SPDX-License-Identifier: Apache-2.0
// What is read of users who run engines without root, where a home is hostile: nothing of anybody else, and nothing that does not end.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { ALICE } from '../../../src/audit/facts/host/rootless-example.ts';
import { collectHost, exampleFacts, type HostFacts } from '../../../src/audit/facts/host.ts';
import type { Check } from '../../../src/audit/types.ts';
import { merge } from '../../support/audit.ts';
import { mountFuse } from '../../support/fuse.ts';
import { temporaryDirectory } from '../../support/store.ts';

const SECRET = 'root:$6$secret:20000::::::';
const CONFIG = '/home/alice/.config/docker/daemon.json';
const UNIT = '/home/alice/.config/systemd/user/docker.service';
let root: string;

function put(path: string, text: string, uid = 21_057): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chownSync(join(root, path), uid, uid);
}
function link(target: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}
const verdict = (facts: HostFacts, id: string) =>
  CHECKS.host.find((check) => check.id === `SEC-HOST-${id}`)?.check(facts);
const alice = async (): Promise<HostFacts['rootless']['users'][number] | undefined> =>
  (await collectHost(root)).rootless.users.find(({ name }) => name === 'alice');

beforeEach(() => {
  root = temporaryDirectory();
  put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nalice:x:21057:21057::/home/alice:/bin/sh\n', 0);
  put('/etc/group', 'alice:x:21057:\n', 0);
  put('/etc/shadow', SECRET, 0);
  put('/home/alice/.profile', '');
  chownSync(join(root, 'home/alice'), 21_057, 21_057);
});

describe('a home', () => {
  it('without an engine is nobody’s', async () => {
    put('/home/alice/.docker/config.json', '{}');
    mkdirSync(join(root, 'home/alice/.config/docker'), { recursive: true });
    expect((await collectHost(root)).rootless).toMatchObject({ users: [], problem: null });
  });

  it('with a link that leads out of it gives nothing of what is there', async () => {
    link('/etc/shadow', CONFIG);
    link('../../../../etc/shadow', UNIT);
    link('/etc', '/home/alice/.config/containers');
    put('/etc/containers.conf', SECRET, 0);
    mkdirSync(join(root, 'home/alice/.local/share/docker'), { recursive: true });
    const facts = await collectHost(root);
    const [user] = facts.rootless.users;
    expect(user?.unseen).toEqual(expect.arrayContaining([CONFIG, UNIT]));
    expect(user?.docker?.problem).toBe(`${UNIT}: a link leads out of the home of its user`);
    expect(JSON.stringify(facts.rootless)).not.toContain('secret');
    for (const id of ['0030', '0096']) expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
  });

  it('with a link inside of it is read', async () => {
    put('/home/alice/dotfiles/daemon.json', '{"icc": false}');
    link('../../dotfiles/daemon.json', CONFIG);
    const user = await alice();
    expect(user?.docker?.settings.icc?.value).toBe(false);
    expect(user?.unseen).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ['a FIFO', () => execFileSync('mkfifo', [join(root, CONFIG)]), /not a regular file/],
    ['two MiB', () => put(CONFIG, ' '.repeat(2 << 20)), /larger than 1 MiB/],
    ['no JSON', () => put(CONFIG, '\u001b[2J{'), /^it is not JSON: [\x20-\x7e]*$/],
  ])('whose daemon.json is %s leaves its settings unknown', async (_, make, why) => {
    put(UNIT, '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh --log-level debug\n');
    mkdirSync(dirname(join(root, CONFIG)), { recursive: true });
    make();
    const facts = await collectHost(root);
    expect(facts.rootless.users[0]?.docker?.problem).toMatch(why);
    expect(verdict(facts, '0030')?.status).toBe('unknown');
    // Its command line is known all the same.
    expect(facts.rootless.users[0]?.docker?.settings['log-level']?.value).toBe('debug');
  });

  it('that others write to is theirs, whatever its files say', async () => {
    put(UNIT, '');
    chmodSync(join(root, 'home/alice/.config/systemd'), 0o777);
    chmodSync(join(root, 'home/alice'), 0o757);
    const found = verdict(await collectHost(root), '0096');
    // What the test made on the way belongs to root, as it may.
    expect(found?.status === 'fail' && found.problems.map(({ key }) => key).sort()).toEqual([
      '/home/alice mode',
      '/home/alice/.config/systemd mode',
    ]);
  });

  it('of somebody else, or of a server, is not looked into', async () => {
    put(UNIT, '');
    chownSync(join(root, 'home/alice'), 21_058, 21_058);
    expect(await alice()).toBeUndefined();
    chownSync(join(root, 'home/alice'), 21_057, 21_057);
    expect((await alice())?.name).toBe('alice');
    put('/usr/bin/dockerd', '', 0);
    put('/etc/docker/daemon.json', '{"no-new-privileges": true}', 0);
    put(CONFIG, '{"no-new-privileges": true}');
    expect(verdict(await collectHost(root), '0037')?.status).toBe('pass');
    put('/proc/1/mountinfo', '21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:40 / /home rw - nfs4 server:/home rw\n', 0);
    const facts = await collectHost(root);
    expect(facts.rootless).toMatchObject({ users: [], problem: expect.stringContaining('file system of a server') });
    expect(verdict(facts, '0096')?.status).toBe('unknown');
    // The daemon of the machine has it; that of alice may not.
    expect(verdict(facts, '0037')?.status).toBe('unknown');
  });

  it.each([
    ['his home', '/home/alice'],
    ['a directory of his settings', '/home/alice/.config'],
  ])('is not looked into where he mounts a program on %s', async (_, point) => {
    put(UNIT, '');
    mountFuse(join(root, point), 21_057);
    expect(['unknown', 'not-applicable']).toContain(verdict(await collectHost(root), '0096')?.status);
    put(
      '/proc/1/mountinfo',
      `21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:40 / ${point} rw - fuse x rw,allow_other\n`,
      0,
    );
    const facts = await collectHost(root);
    expect(facts.rootless).toMatchObject({ users: [], problem: expect.stringContaining('/home/alice is on the file') });
    expect(facts.homes?.problem).toContain('/home/alice is on');
    expect(verdict(facts, '0096')?.status).toBe('unknown');
  });
});

it.each([
  [
    'gave it to one of his further ids',
    () => chownSync(join(root, 'home/alice'), 100_000, 100_000),
    '/home/alice belongs',
  ],
  ['has none, and an engine that runs', () => rmSync(join(root, 'home'), { recursive: true }), 'user 21057 has an'],
])('a home of a user who %s passes nothing of his', async (_, make, why) => {
  put(UNIT, '');
  put('/run/user/21057/docker.sock', '');
  chownSync(join(root, 'run/user/21057'), 21_057, 21_057);
  make();
  const facts = await collectHost(root);
  expect(facts.rootless).toMatchObject({ users: [], problem: expect.stringContaining(why) });
  expect(verdict(facts, '0096')?.status).toBe('unknown');
});

it('of more users than are looked at the rest is not forgotten', async () => {
  const line = (_: unknown, i: number) => `u${i}:x:${30_000 + i}:30000::/home/u${i}:/bin/sh\n`;
  put('/etc/passwd', Array.from({ length: 2001 }, line).join(''), 0);
  expect((await collectHost(root)).rootless.problem).toContain('2000 users');
});

describe('what a user has too much of', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `${1000 + i}.conf`);

  it('to read is unknown, and takes bounded time', async () => {
    put(UNIT, '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n');
    put('/home/alice/.config/containers/containers.conf', '');
    for (const directory of [`${UNIT}.d`, '/home/alice/.config/containers/containers.conf.d'])
      for (const name of names(20)) {
        put(`${directory}/${name}`, '');
        truncateSync(join(root, directory, name), 1 << 20);
      }
    const facts = await collectHost(root);
    const why = 'there is more than 4 MiB to read';
    expect(facts.rootless.users[0]?.docker?.problem).toContain(why);
    expect(facts.rootless.users[0]?.network).toBeNull();
    expect(verdict(facts, '0030')).toMatchObject({ status: 'unknown', why: expect.stringContaining(why) });
    expect(verdict(facts, '0100')).toMatchObject({ status: 'unknown', why: expect.stringContaining(why) });
  });

  it('in a name, which is no text, is unknown', async () => {
    put(UNIT, '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n');
    put('/home/alice/.config/containers/containers.conf', '');
    for (const directory of [`${UNIT}.d`, '/home/alice/.config/containers/containers.conf.d']) {
      mkdirSync(join(root, directory), { recursive: true });
      writeFileSync(Buffer.concat([Buffer.from(join(root, directory, 'x')), Buffer.from('ff2e636f6e66', 'hex')]), '');
    }
    const facts = await collectHost(root);
    expect(facts.rootless.users[0]?.podman?.problem).toContain('containers.conf.d cannot be read');
    for (const id of ['0030', '0096', '0100']) expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
  });

  it('in a directory is unknown', async () => {
    put(UNIT, '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n');
    for (const name of names(1001)) put(`${UNIT}.d/${name}`, '');
    const facts = await collectHost(root);
    expect(facts.rootless.users[0]?.unseen).toContain(`${UNIT}.d`);
    for (const id of ['0030', '0096', '0100', '0101'])
      expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
  });
});

it('of a user whose account is elsewhere only his engine is known, so that nothing of his passes', async () => {
  put('/run/user/30000/docker.sock', '', 30_000);
  chownSync(join(root, 'run/user/30000'), 30_000, 30_000);
  const facts = await collectHost(root);
  expect(facts.rootless).toMatchObject({ users: [], problem: expect.stringContaining('user 30000 has an engine') });
  for (const id of ['0096', '0100']) expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
});

describe('how docker of a user is started', () => {
  const process = (pid: number, parent: number, comm: string, uid: number, ...argv: readonly string[]): void => {
    put(`/proc/${pid}/comm`, `${comm}\n`, 0);
    put(`/proc/${pid}/status`, `Name:\t${comm}\nPPid:\t${parent}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`, 0);
    put(`/proc/${pid}/cmdline`, argv.join('\0'), 0);
  };
  const unit = (...lines: readonly string[]) => put(UNIT, ['[Service]', ...lines, ''].join('\n'));
  const network = async () => (await alice())?.network;

  it('stands in its unit, where the last word counts', async () => {
    unit('ExecStart=/usr/bin/dockerd-rootless.sh');
    expect(await network()).toEqual({
      ...{ place: UNIT, driver: '', portDriver: 'builtin', sandbox: true, seccomp: true, hostLoopback: false },
    });
    unit(
      'Environment="DOCKERD_ROOTLESS_ROOTLESSKIT_NET=pasta" DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER=implicit',
      'Environment=DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS="--disable-host-loopback=false --slirp4netns-seccomp=false"',
    );
    put(`${UNIT}.d/10.conf`, '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SANDBOX=false\n');
    expect(await network()).toMatchObject({ driver: 'pasta', portDriver: 'implicit', sandbox: false });
  });

  it('stands in parts of the unit of all users, too', async () => {
    unit('ExecStart=/usr/bin/dockerd-rootless.sh');
    put(
      '/etc/systemd/user/docker.service.d/net.conf',
      '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host\n',
      0,
    );
    expect(await network()).toMatchObject({ driver: 'host' });
    put(`${UNIT}.d/10.conf`, '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_NET=pasta\n');
    expect(await network()).toMatchObject({ driver: 'pasta' });
    link('/proc/self/environ', '/usr/lib/systemd/user/docker.service.d/10.conf');
    mkdirSync(join(root, 'etc/systemd/user/docker.service.d/x.conf'));
    expect(await network()).toBeNull();
  });

  it('is what runs, when that is a process of his', async () => {
    unit('ExecStart=/usr/bin/dockerd-rootless.sh');
    put('/run/user/21057/docker.pid', '77');
    chownSync(join(root, 'run/user/21057'), 21_057, 21_057);
    process(77, 76, 'dockerd', 21_057, 'dockerd', '--icc=false');
    process(76, 75, 'rootlesskit', 21_057, '/proc/self/exe', '--net=slirp4netns', '--port-driver=slirp4netns');
    process(75, 9, 'rootlesskit', 21_057, 'rootlesskit', '--net=slirp4netns', '--port-driver=slirp4netns');
    process(9, 1, 'systemd', 21_057, 'systemd', '--user');
    expect(await network()).toEqual({
      ...{ place: '/proc/75/cmdline', driver: 'slirp4netns', portDriver: 'slirp4netns' },
      ...{ sandbox: false, seccomp: false, hostLoopback: true },
    });
    expect((await alice())?.docker?.settings.icc?.value).toBe(false);
    // The process of somebody else says nothing about his.
    process(77, 76, 'dockerd', 0, 'dockerd', '--icc=false');
    expect((await network())?.place).toBe(UNIT);
    put('/run/user/21057/docker.pid', '../../etc/shadow');
    expect((await network())?.place).toBe(UNIT);
  });

  it('with a configuration outside of his home has settings that nobody knows', async () => {
    unit('ExecStart=/usr/bin/dockerd-rootless.sh --config-file /etc/shadow');
    const facts = await collectHost(root);
    expect(facts.rootless.users[0]?.docker).toMatchObject({
      ...{ config: '/etc/shadow', problem: 'it does not lie in the home of its user', settings: { 'config-file': {} } },
    });
    expect(verdict(facts, '0030')?.status).toBe('unknown');
  });

  it.each([
    ['its unit is a link that leads out of his home', () => link('/etc/docker.service', UNIT)],
    ['so is a part of it', () => link('/etc/docker.service', `${UNIT}.d/10.conf`)],
    [
      'a part of it is a FIFO',
      () => {
        mkdirSync(join(root, `${UNIT}.d`), { recursive: true });
        execFileSync('mkfifo', [join(root, `${UNIT}.d/10.conf`)]);
      },
    ],
  ])('is unknown where %s, whatever the unit of all users says', async (_, make) => {
    put('/etc/docker.service', '[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host\n', 0);
    put('/usr/lib/systemd/user/docker.service', '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n', 0);
    put(CONFIG, '{}');
    make();
    const facts = await collectHost(root);
    for (const id of ['0030', '0100', '0101']) expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
    expect(facts.rootless.users[0]?.docker?.problem).toContain('docker.service');
  });

  const PART = 'Environment=DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host\n';
  it.each([
    ['/home/alice/.local/share/systemd/user/docker.service.d/10.conf', `[Service]\n${PART}`],
    ['/home/alice/.local/share/systemd/user/docker.service', `[Service]\n${PART}`],
    ['/run/user/21057/systemd/user/docker.service.d/10.conf', `[Service]\n${PART}`],
    [`${UNIT}.d/20.conf`, '[Service]\nEnvironmentFile=-/home/alice/docker.env\n'],
    ['/home/alice/.config/environment.d/docker.conf', 'DOCKERD_ROOTLESS_ROOTLESSKIT_NET=host\n'],
  ])('is unknown where %s may decide', async (path, text) => {
    unit('ExecStart=/usr/bin/dockerd-rootless.sh');
    put(CONFIG, '{}');
    put('/home/alice/.config/environment.d/path.conf', 'PATH=/opt/bin:/usr/bin\n');
    put('/run/user/21057/bus', '');
    chownSync(join(root, 'run/user/21057'), 21_057, 21_057);
    const ids = ['0030', '0037', '0100', '0101'];
    for (const id of ids) expect([id, verdict(await collectHost(root), id)?.status]).not.toEqual([id, 'unknown']);
    put(path, text);
    for (const id of ids) expect([id, verdict(await collectHost(root), id)?.status]).toEqual([id, 'unknown']);
  });

  it('is unknown where nothing says it', async () => {
    put(CONFIG, '{}');
    const facts = await collectHost(root);
    expect(facts.rootless.users[0]?.network).toBeNull();
    for (const id of ['0100', '0101']) expect([id, verdict(facts, id)?.status]).toEqual([id, 'unknown']);
  });
});

it('programs with capabilities instead of set-id bits are known by them', async () => {
  put('/usr/bin/newuidmap', '\x7fELF', 0);
  put('/usr/bin/newgidmap', '\x7fELF', 0);
  // cap_setuid=ep, and cap_setgid,cap_sys_admin=ep: capabilities(7), version 2.
  const value = (mask: number) => {
    const bytes = Buffer.alloc(20);
    bytes.writeUInt32LE(0x02000001, 0);
    bytes.writeUInt32LE(mask, 4);
    return bytes.toString('hex');
  };
  const set = 'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex(sys.argv[2]))';
  execFileSync('python3', ['-c', set, join(root, 'usr/bin/newuidmap'), value(1 << 7)]);
  execFileSync('python3', ['-c', set, join(root, 'usr/bin/newgidmap'), value((1 << 6) | (1 << 21))]);
  const facts = await collectHost(root);
  expect(facts.rootless.helpers['/usr/bin/newuidmap']?.capabilities).toEqual(['CAP_SETUID']);
  const found = verdict(facts, '0098');
  expect(found?.status === 'fail' && found.problems.map(({ message }) => message)).toEqual([
    '/usr/bin/newgidmap has CAP_SYS_ADMIN, and needs CAP_SETGID alone',
  ]);
  rmSync(join(root, 'usr/bin/newgidmap'));
});

it('no repair touches what is a user’s', () => {
  const facts = merge(exampleFacts, {
    rootless: {
      users: [
        {
          ...ALICE,
          files: {
            ...ALICE.files,
            '/home/alice/.config/docker/key.pem': { type: 'file', mode: 0o644, uid: 1001, gid: 1000 },
          },
          docker: { ...ALICE.docker, settings: { ...ALICE.docker?.settings, icc: undefined } },
        },
      ],
    },
  }) as HostFacts;
  const checks: readonly Check<HostFacts, unknown>[] = CHECKS.host;
  const found = checks.flatMap((check) => {
    const said = check.check(facts);
    return said.status === 'fail' ? said.problems.map((problem) => ({ check, problem })) : [];
  });
  expect(found.map(({ check, problem }) => [check.id, problem.key])).toEqual(
    expect.arrayContaining([
      ['SEC-HOST-0030', 'icc ~alice'],
      ['SEC-HOST-0048', 'tlskey ~alice'],
      ['SEC-HOST-0048', 'tlskey mode ~alice'],
    ]),
  );
  expect(found.flatMap(({ check, problem }) => check.fix?.edits(facts, problem, '') ?? [])).toEqual([]);
});
