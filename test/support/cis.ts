// SPDX-License-Identifier: Apache-2.0
// Labelled facts of each recommendation of the benchmark, as differences from the examples of each target.

import { DOCKER } from '../../src/audit/checks/container/shared/managed.ts';
import { user, userFile } from '../../src/audit/checks/host/shared/rootless.ts';
import { ALICE as EXAMPLE } from '../../src/audit/facts/host/rootless-example.ts';

export interface Fixture {
  readonly id: string;
  readonly pass: unknown;
  readonly fail: unknown;
  /** Undefined: `always` says why it can always be told. */
  readonly unknown?: unknown;
  readonly always?: string;
}

const fixture = (id: string, fail: unknown, unknown: unknown, pass: unknown = {}): Fixture => ({
  id,
  pass,
  fail,
  unknown,
});

/** What the audit system can watch, not there. */
const NONE = Object.fromEntries(
  [
    ...['/etc/docker', '/etc/docker/daemon.json', '/etc/containerd', '/etc/containerd/config.toml', '/var/lib/docker'],
    ...['/run/containerd', '/run/containerd/containerd.sock', '/run/docker.sock', '/usr/bin/runc', '/usr/bin/dockerd'],
    ...['/usr/lib/systemd/system/docker.service', '/usr/lib/systemd/system/docker.socket'],
    ...['/usr/bin/containerd', '/usr/bin/containerd-shim-runc-v2'],
  ].map((path) => [path, null]),
);
/** A path that is there: watched, not watched, and where the rules cannot be read. */
function watched(id: string, path: string): Fixture {
  const facts = (watch: string, problem: string | null) => ({
    files: { ...NONE, [path]: { type: 'file', mode: 0o644, uid: 0, gid: 0 } },
    auditd: { watches: [watch], problem },
  });
  return fixture(id, facts('/elsewhere', null), facts('/elsewhere', 'permission denied'), facts(path, null));
}

const setting = (key: string, value: unknown, problem: string | null = null) => ({
  docker: {
    settings: { [key]: value === undefined ? undefined : { value, location: { logical: '/etc/docker/daemon.json' } } },
    problem,
  },
});
/** A setting of daemon.json; `undefined` is the default. Where the file cannot be read nobody knows it. */
const daemon = (id: string, key: string, good: unknown, bad: unknown): Fixture =>
  fixture(id, setting(key, bad), setting(key, undefined, 'permission denied'), setting(key, good));
/** An address of the network, without TLS. */
function listening(hosts: readonly string[] | undefined, problem: string | null = null) {
  const { docker } = setting('hosts', hosts, problem);
  return { docker: { ...docker, settings: { ...docker.settings, tlsverify: undefined } } };
}

const UNIT = '/usr/lib/systemd/system';
const file = (id: string, path: string, bad: object, pass: object = {}): Fixture =>
  fixture(
    id,
    { files: { [path]: { ...pass, ...bad } } },
    { files: { [path]: undefined } },
    { files: { [path]: pass } },
  );
const added = { type: 'file', mode: 0o644, uid: 0, gid: 0 };

const MOUNT = (point: string) => ({ point, type: 'ext4', source: '/dev/sda', options: [] });

/** The same file of a user who runs docker without root. */
const theirs = (id: string, path: string, bad: Parameters<typeof userFile>[1]): Fixture =>
  fixture(id, userFile(path, bad), user({ unseen: [path] }));
const ALICE = '/home/alice/.config';
const RUN = '/run/user/1000';
/** What his daemon.json names for TLS, and what is not there. */
const theirTls = (id: string, name: string, bad: Parameters<typeof userFile>[1]): Fixture => {
  const path = `${ALICE}/docker/${name}.pem`;
  const { [path]: _, ...others } = EXAMPLE.files;
  return fixture(id, userFile(path, bad), user({ files: others }));
};

export const HOST_FIXTURES: readonly Fixture[] = [
  theirs('3.1', `${ALICE}/systemd/user/docker.service`, { uid: 1001 }),
  theirs('3.2', `${ALICE}/systemd/user/docker.service`, { mode: 0o646 }),
  theirs('3.2', `${ALICE}/systemd/user/docker.service`, { mode: 0o755 }),
  theirs('3.5', `${ALICE}/docker`, { uid: 1001 }),
  theirs('3.6', `${ALICE}/docker`, { mode: 0o757 }),
  theirs('3.7', `${ALICE}/docker/certs.d/registry.example/ca.crt`, { uid: 1001 }),
  theirs('3.8', `${ALICE}/docker/certs.d/registry.example/ca.crt`, { mode: 0o646 }),
  theirTls('3.9', 'ca', { uid: 1001 }),
  theirTls('3.10', 'ca', { mode: 0o644 }),
  theirTls('3.11', 'cert', { uid: 1001 }),
  theirTls('3.12', 'cert', { mode: 0o464 }),
  theirTls('3.13', 'key', { uid: 1001 }),
  theirTls('3.14', 'key', { mode: 0o440 }),
  theirs('3.15', `${RUN}/docker.sock`, { gid: 998 }),
  theirs('3.16', `${RUN}/docker.sock`, { mode: 0o666 }),
  theirs('3.17', `${ALICE}/docker/daemon.json`, { uid: 1001 }),
  theirs('3.18', `${ALICE}/docker/daemon.json`, { mode: 0o646 }),
  theirs('3.23', `${RUN}/docker/containerd/containerd.sock`, { uid: 1001 }),
  theirs('3.24', `${RUN}/docker/containerd/containerd.sock`, { mode: 0o666 }),
  fixture('1.1.1', { mounts: [MOUNT('/')] }, { mounts: undefined }, { mounts: [MOUNT('/'), MOUNT('/var/lib/docker')] }),
  fixture('1.1.2', { dockerGroup: ['alice'] }, { dockerGroup: null }),
  watched('1.1.3', '/usr/bin/dockerd'),
  watched('1.1.4', '/run/containerd'),
  watched('1.1.5', '/var/lib/docker'),
  watched('1.1.6', '/etc/docker'),
  watched('1.1.7', `${UNIT}/docker.service`),
  watched('1.1.8', '/run/containerd/containerd.sock'),
  watched('1.1.8', '/run/docker/containerd/containerd.sock'),
  watched('1.1.9', '/run/docker.sock'),
  watched('1.1.9', `${UNIT}/docker.socket`),
  watched('1.1.10', '/etc/default/docker'),
  watched('1.1.11', '/etc/docker/daemon.json'),
  watched('1.1.12', '/etc/containerd/config.toml'),
  watched('1.1.13', '/etc/sysconfig/docker'),
  watched('1.1.14', '/usr/bin/containerd'),
  watched('1.1.15', '/usr/bin/containerd-shim'),
  watched('1.1.16', '/usr/bin/containerd-shim-runc-v1'),
  watched('1.1.17', '/usr/bin/containerd-shim-runc-v2'),
  watched('1.1.18', '/usr/bin/runc'),
  watched('1.1.18', '/usr/sbin/runc'),
  daemon('2.2', 'icc', false, undefined),
  daemon('2.3', 'log-level', undefined, 'debug'),
  daemon('2.4', 'iptables', undefined, false),
  daemon('2.5', 'insecure-registries', undefined, ['registry.example']),
  daemon('2.6', 'storage-driver', undefined, 'aufs'),
  fixture('2.7', listening(['tcp://0.0.0.0:2375']), listening(undefined, 'permission denied'), listening(undefined)),
  daemon('2.8', 'default-ulimits', ['nofile=1:2'], undefined),
  daemon('2.9', 'userns-remap', 'default', undefined),
  daemon('2.10', 'cgroup-parent', undefined, '/x'),
  daemon('2.11', 'storage-opts', undefined, ['dm.basesize=50G']),
  daemon('2.14', 'no-new-privileges', true, undefined),
  daemon('2.15', 'live-restore', true, undefined),
  daemon('2.16', 'userland-proxy', false, undefined),
  daemon('2.17', 'seccomp-profile', undefined, 'unconfined'),
  daemon('2.18', 'experimental', undefined, true),
  file('3.1', `${UNIT}/docker.service`, { uid: 1 }),
  file('3.1', `${UNIT}/docker.service`, { gid: 1 }),
  file('3.2', `${UNIT}/docker.service`, { mode: 0o646 }),
  file('3.2', `${UNIT}/docker.service`, { mode: 0o755 }),
  file('3.3', `${UNIT}/docker.socket`, { uid: 1 }),
  file('3.4', `${UNIT}/docker.socket`, { mode: 0o664 }),
  file('3.5', '/etc/docker', { gid: 1 }),
  file('3.6', '/etc/docker', { mode: 0o777 }),
  file('3.7', '/etc/docker/certs.d/registry.example/ca.crt', { gid: 1 }),
  file('3.8', '/etc/docker/certs.d/registry.example/ca.crt', { mode: 0o644 }),
  file('3.9', '/etc/docker/ca.pem', { uid: 1 }),
  file('3.10', '/etc/docker/ca.pem', { mode: 0o644 }),
  file('3.11', '/etc/docker/cert.pem', { uid: 1 }),
  file('3.12', '/etc/docker/cert.pem', { mode: 0o644 }),
  file('3.13', '/etc/docker/key.pem', { gid: 1 }),
  file('3.14', '/etc/docker/key.pem', { mode: 0o440 }),
  file('3.15', '/run/docker.sock', { uid: 1 }),
  file('3.15', '/run/docker.sock', { gid: 1 }),
  file('3.16', '/run/docker.sock', { mode: 0o666 }),
  file('3.16', '/run/docker.sock', { mode: 0o664 }),
  file('3.17', '/etc/docker/daemon.json', { uid: 1 }),
  file('3.18', '/etc/docker/daemon.json', { mode: 0o646 }),
  file('3.19', '/etc/default/docker', { uid: 1 }, added),
  file('3.20', '/etc/default/docker', { mode: 0o666 }, added),
  file('3.21', '/etc/sysconfig/docker', { mode: 0o666 }, added),
  file('3.22', '/etc/sysconfig/docker', { gid: 1 }, added),
  file('3.23', '/run/containerd/containerd.sock', { gid: 1 }),
  file('3.24', '/run/docker/containerd/containerd.sock', { mode: 0o666 }, { ...added, type: 'socket', mode: 0o660 }),
  file('3.24', '/run/containerd/containerd.sock', { mode: 0o666 }),
  fixture('4.5', { trust: { docker: '0' } }, { trust: { problem: '/etc/environment: permission denied' } }),
];

const info = (over: object) => ({ info: over });
const NO_INFO = { info: null };
const NO_SWARM = { swarm: null };
const manager = (over: object) => ({ swarm: { manager: over } });
const THEN = { collected: '2025-06-01T00:00:00Z' };
const network = (over: object) => ({
  networks: [{ name: 'services', driver: 'overlay', encrypted: true, interContainer: null, builtin: false, ...over }],
});
const image = (digit: string) => ({ id: `sha256:${digit.repeat(64)}`, tags: [] });
const USED = { containers: [{ id: 'a', name: 'a', running: true, image: image('1').id }] };
const stopped = (count: number) => ({
  containers: Array.from({ length: count }, (_, i) => ({ id: String(i), name: String(i), running: false, image: '' })),
});

export const ENGINE_FIXTURES: readonly Fixture[] = [
  fixture(
    '1.2.2',
    { ...THEN, ...info({ version: '24.0.1' }) },
    { ...THEN, info: null },
    { ...THEN, ...info({ version: '28.0.1' }) },
  ),
  fixture('2.1', info({ rootless: false }), NO_INFO),
  fixture(
    '2.12',
    info({ rootless: false, authorization: [] }),
    info({ rootless: false, authorization: ['x'] }) && NO_INFO,
    info({ rootless: false, authorization: ['x'] }),
  ),
  fixture('2.13', info({ loggingDriver: 'json-file' }), info({ loggingDriver: '' }), info({ loggingDriver: 'syslog' })),
  fixture('5.1', manager({ services: [] }), { swarm: { manager: null } }),
  fixture(
    '6.1',
    { ...USED, images: [image('1'), image('2'), image('3')] },
    { ...USED, images: null },
    { ...USED, images: [image('1'), image('2')] },
  ),
  fixture('6.2', stopped(26), { containers: null }, stopped(25)),
  fixture('7.1', manager({ managers: 2 }), NO_SWARM),
  fixture('7.2', { swarm: { addresses: { listen: '0.0.0.0:2377' } } }, { swarm: { addresses: null } }),
  fixture('7.3', network({ encrypted: false }), { networks: null }, network({})),
  fixture('7.4', manager({ services: [{ name: 'web', exposed: [{ name: 'A', why: 'b' }], secrets: 1 }] }), NO_SWARM),
  fixture('7.5', manager({ autoLock: false }), NO_SWARM),
  fixture('7.7', manager({ certificateHours: 9000 }), NO_SWARM),
  fixture('7.8', manager({ authoritySince: '2020-01-01T00:00:00Z' }), manager({ authoritySince: null })),
  fixture('7.9', { swarm: { addresses: { data: '' } } }, { swarm: { addresses: null } }),
];

/** A container of docker that does not run, as the engine says. */
const base = (over: { readonly plan?: object | null; readonly managed?: object; readonly gaps?: object }) => ({
  ...DOCKER,
  running: false,
  ...over,
  managed: { ...DOCKER.managed, ...over.managed },
});
const plan = (id: string, bad: object, good: object = {}): Fixture =>
  fixture(id, base({ plan: bad }), base({ plan: null }), base({ plan: good }));
/** Where the engine said only its name. */
const managed = (id: string, bad: object): Fixture =>
  fixture(id, base({ managed: bad }), base({ gaps: { managed: 'it did not answer' } }), base({}));
const mount = (over: object) => ({
  mounts: [{ destination: '/x', type: 'bind', source: '/srv/x', options: ['bind', 'ro'], own: false, ...over }],
});
const port = (over: object) => ({
  network: { ports: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, ...over }] },
});
const session = (over: object) => ({ sessions: [{ command: 'sh', user: '1000', privileged: false, ...over }] });

const DENIED = { allow: false, type: 'a', major: null, minor: null, access: 'rwm' };
const DISK = { allow: true, type: 'b', major: 8, minor: 0, access: 'rw' };

export const CONTAINER_FIXTURES: readonly Fixture[] = [
  fixture('4.1', base({ plan: { uid: 0 } }), base({ gaps: { user: 'an account' } }), base({})),
  plan('5.2', { landlock: [], label: '' }, { landlock: [], label: 'docker-default' }),
  plan('5.3', { landlock: [], label: '' }, { landlock: [], label: 'system_u:system_r:container_t:s0:c1,c2' }),
  plan('5.4', { capabilities: ['CAP_SYS_ADMIN'] }),
  managed('5.5', { privileged: true }),
  plan('5.6', mount({ source: '/etc' }), mount({})),
  plan('5.7', { args: ['sshd'] }, { args: ['nginx'] }),
  plan('5.8', port({ hostPort: 80 }), port({})),
  managed('5.9', { exposedPorts: [] }),
  plan('5.10', { namespaces: { network: undefined } }),
  plan('5.11', { limits: { memory: null } }),
  plan('5.12', { limits: { cpuQuota: null } }),
  plan('5.13', { readOnlyRoot: false }),
  plan('5.14', port({ hostAddress: '0.0.0.0' }), port({})),
  managed('5.15', { restart: 'always' }),
  plan('5.16', { namespaces: { pid: undefined } }),
  plan('5.17', { namespaces: { ipc: undefined } }),
  plan('5.18', { devices: [DENIED, DISK] }, { devices: [DENIED] }),
  fixture(
    '5.19',
    base({ plan: { rlimits: { RLIMIT_NOFILE: -1 } } }),
    base({ gaps: { 'rlimit-nofile': 'it does not run' } }),
    base({}),
  ),
  plan('5.20', mount({ options: ['bind', 'ro', 'rshared'] }), mount({})),
  plan('5.21', { namespaces: { uts: undefined } }),
  plan('5.22', { seccomp: null }),
  managed('5.23', session({ privileged: true })),
  managed('5.24', session({ user: 'root' })),
  managed('5.25', { cgroupParent: '/x' }),
  plan('5.26', { noNewPrivileges: false }),
  managed('5.27', { healthcheck: false }),
  managed('5.28', { imageNow: `sha256:${'0'.repeat(64)}` }),
  plan('5.29', { limits: { pids: null } }),
  plan('5.30', { network: { bridge: 'default' } }, { network: { bridge: 'web' } }),
  plan('5.31', { namespaces: { user: undefined } }),
  plan('5.32', mount({ source: '/run/docker.sock' }), mount({})),
];

export const IMAGE_FIXTURES: readonly Fixture[] = [
  fixture('4.1', { config: { user: '0' } }, { config: { user: 'nobody-knows' } }),
  fixture('4.4', { created: '2025-01-01T00:00:00Z' }, { created: null }),
  { id: '4.6', pass: {}, fail: { config: { healthcheck: false } }, always: 'a configuration says whether it has one' },
  fixture(
    '4.8',
    { files: { setid: [{ path: 'bin/su', mode: 0o4755, uid: 0, gid: 0 }] } },
    { incomplete: 'a layer is not unpacked' },
  ),
  fixture(
    '4.10',
    { config: { env: ['DB_PASSWORD=hunter2'] } },
    { config: { env: ['A=b'] }, incomplete: 'a layer is not unpacked' },
    { config: { env: ['A=b'] } },
  ),
];

const READ = 'a build file that cannot be read is an error, not a result';
const dockerfile = (id: string, pass: string, fail: string): Fixture => ({
  ...{ id, always: READ },
  ...{
    pass: `FROM debian:12@sha256:${'1'.repeat(64)}\n${pass}\n`,
    fail: `FROM debian:12@sha256:${'1'.repeat(64)}\n${fail}\n`,
  },
});
export const DOCKERFILE_FIXTURES: readonly Fixture[] = [
  dockerfile('4.7', 'RUN apt-get update && apt-get install -y x', 'RUN apt-get update'),
  dockerfile('4.9', 'COPY x /x', 'ADD x /x'),
  dockerfile('4.10', 'ENV A=b', 'ENV DB_PASSWORD=hunter2'),
  dockerfile('4.11', 'RUN apt-get install -y x', 'RUN apt-get install -y --allow-unauthenticated x'),
];
