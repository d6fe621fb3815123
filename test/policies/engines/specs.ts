// SPDX-License-Identifier: Apache-2.0
// Configs as engines write them, careless and hostile ones among them, and policies to hold them to.

import type { EnginePolicy } from '../../../src/policies/engines/types.ts';
import { CAPABILITIES } from '../../../src/profiles/capabilities/index.ts';
import type { Random } from '../../support/random.ts';

/** A tree of the host that binds come from. */
export interface Places {
  readonly root: string;
  readonly bundle: string;
  readonly id: string;
}

const pick = <T>(random: Random, ...from: readonly T[]): T => random.pick(from);
const some = <T>(random: Random, from: readonly T[], share: number): T[] => from.filter(() => chance(random, share));
const chance = (random: Random, of: number): boolean => random.int(1_000_000) < of * 1_000_000;
const maybe = <T extends object>(random: Random, share: number, value: () => T): T | Record<string, never> =>
  chance(random, share) ? value() : {};

const USUAL = ['CHOWN', 'SETUID', 'SETGID', 'KILL', 'NET_BIND_SERVICE', 'NET_RAW', 'AUDIT_WRITE', 'MKNOD'];
const LEVELS = ['off', 'wished', 'required'] as const;

function capabilities(random: Random) {
  const from = chance(random, 0.08) ? CAPABILITIES : USUAL;
  const set = () => ({ list: some(random, from, 0.5).map((name) => `CAP_${name}`) }).list;
  return {
    bounding: set(),
    effective: set(),
    permitted: set(),
    ...maybe(random, 0.2, () => ({ inheritable: set(), ambient: set() })),
  };
}

function process(random: Random) {
  const rlimit = (type: string) => {
    const hard = random.int(2 ** 40);
    return { type, hard, soft: random.int(hard + 1) };
  };
  return {
    terminal: chance(random, 0.2),
    user: { uid: chance(random, 0.7) ? 0 : 1000, gid: chance(random, 0.7) ? 0 : 1000 },
    args: ['true'],
    cwd: '/',
    ...maybe(random, 0.95, () => ({ capabilities: capabilities(random) })),
    ...maybe(random, 0.3, () => ({ oomScoreAdj: random.int(2001) - 1000 })),
    ...maybe(random, 0.5, () => ({ noNewPrivileges: chance(random, 0.5) })),
    ...maybe(random, 0.4, () => ({
      rlimits: some(random, ['RLIMIT_NOFILE', 'RLIMIT_CORE', 'RLIMIT_NPROC', 'RLIMIT_CPU', 'RLIMIT_FSIZE'], 0.4).map(
        rlimit,
      ),
    })),
    ...maybe(random, 0.2, () => ({ apparmorProfile: pick(random, 'unconfined', 'docker-default', '') })),
    ...maybe(random, 0.1, () => ({
      selinuxLabel: pick(random, 'system_u:system_r:spc_t:s0', 'a:b:container_t:s0', 'x'),
    })),
  };
}

function source(random: Random, { root, id }: Places): string {
  const other = 'f'.repeat(64);
  const docker = `${root}/docker`;
  return pick(
    random,
    ...[`${root}/srv/data`, `${root}/srv/data/file`, `${root}/srv/to-etc`, `${root}/srv/to-data`, `${root}/srv/nosuch`],
    ...[
      '/',
      '/etc',
      '/etc/passwd',
      '/proc/sys',
      '/sys/fs',
      '/dev/shm',
      '/usr',
      '/var',
      '/var/lib',
      '/run',
      `${root}`,
      `${root}/srv/../srv/data`,
    ],
    ...['hosts', 'hostname', 'resolv.conf', 'config.v2.json', 'mounts/secrets'].flatMap((name) => [
      `${docker}/containers/${id}/${name}`,
      `${docker}/containers/${other}/${name}`,
    ]),
    ...[
      `${docker}/volumes/v/_data`,
      `${docker}/volumes/v/_data/below`,
      `${docker}/volumes/v`,
      `${docker}/165536.165536/volumes/v/_data`,
    ],
    ...[
      `${docker}/overlay-containers/${other}/userdata/hosts`,
      `${docker}/pods/p/volumes/x`,
      `${docker}/io.containerd.grpc.v1.cri/sandboxes/s/hosts`,
    ],
    ...[`${root}/srv/docker.sock`, 'relative', 'rootfs/inside'],
  );
}

const OPTIONS = [
  'rbind',
  'ro',
  'rw',
  'nosuid',
  'suid',
  'nodev',
  'dev',
  'noexec',
  'exec',
  'rrw',
  'rexec',
  'rprivate',
  'shared',
  'rshared',
  'rslave',
];

function mount(random: Random, places: Places) {
  const destination = pick(
    random,
    '/data',
    '/mnt/x',
    '/tmp',
    '/run',
    '/dev/shm',
    '/var/lib',
    '/dev',
    '/proc',
    '/sys',
    '/etc/hosts',
  );
  const options = () => ({ options: some(random, OPTIONS, 0.2) });
  if (chance(random, 0.6))
    return {
      destination,
      type: 'bind',
      source: source(random, places),
      options: [
        ...options().options,
        ...some(random, ['bind'], 0.5),
        ...some(random, ['copy-symlink', 'src-nofollow'], 0.02),
      ],
    };
  const type = pick(
    random,
    'tmpfs',
    'tmpfs',
    'proc',
    'sysfs',
    'cgroup',
    'cgroup2',
    'mqueue',
    'devpts',
    'overlay',
    'ext4',
    'nfs',
  );
  const usual = ({ proc: '/proc', sysfs: '/sys' } as Readonly<Record<string, string>>)[type];
  const kept = options().options.filter((option) => option !== 'rbind');
  return {
    destination: usual !== undefined && chance(random, 0.8) ? usual : destination,
    type,
    source: type,
    ...maybe(random, 0.8, () => ({ options: [...kept, ...some(random, ['remount'], 0.03)] })),
  };
}

function namespaces(random: Random) {
  const paths = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts', mount: 'mnt', cgroup: 'cgroup' } as const;
  const chances = { pid: 0.95, network: 0.95, ipc: 0.95, uts: 0.95, mount: 0.98, cgroup: 0.5 } as const;
  const list = Object.entries(paths)
    .filter(([type]) => chance(random, chances[type as keyof typeof chances]))
    .map(([type, file]) => ({ type, ...maybe(random, 0.04, () => ({ path: `/proc/self/ns/${file}` })) }));
  return chance(random, 0.4) ? [...list, { type: 'user' }] : list;
}

const device = (random: Random) => {
  const [major, minor] = pick<readonly [number, number]>(
    random,
    [1, 3],
    [1, 5],
    [10, 200],
    [10, 229],
    [8, 0],
    [1, 1],
    [5, 1],
    [253, 7],
  );
  return { major, minor };
};

function linux(random: Random) {
  const map = () => ({ maps: [{ containerID: 0, hostID: chance(random, 0.3) ? 0 : 100_000, size: 65_536 }] }).maps;
  const all = namespaces(random);
  const limit = () => pick(random, -1, 0, 1 + random.int(2 ** 40));
  const rule = () => ({
    allow: chance(random, 0.8),
    ...maybe(random, 0.8, () => ({ type: pick(random, 'a', 'b', 'c') })),
    ...maybe(random, 0.5, () => device(random)),
    access: pick(random, 'm', 'rw', 'rwm', 'r'),
  });
  return {
    namespaces: all,
    ...(all.some(({ type }) => type === 'user') ? { uidMappings: map(), gidMappings: map() } : {}),
    ...maybe(random, 0.15, () => ({
      devices: [{ path: '/dev/x', type: pick(random, 'c', 'b', 'u', 'p'), ...device(random) }],
    })),
    resources: {
      ...maybe(random, 0.5, () => ({ devices: Array.from({ length: random.int(3) }, rule) })),
      ...maybe(random, 0.5, () => ({ memory: { limit: limit(), ...maybe(random, 0.5, () => ({ swap: limit() })) } })),
      ...maybe(random, 0.5, () => ({ pids: { limit: limit() } })),
      ...maybe(random, 0.5, () => ({
        cpu: { quota: limit(), ...maybe(random, 0.5, () => ({ period: 1_000 + random.int(2_000_000) })) },
      })),
      ...maybe(random, 0.1, () => ({
        unified: Object.fromEntries(
          some(random, ['memory.max', 'memory.high', 'pids.max', 'cpu.max', 'io.weight'], 0.5).map((name) => [
            name,
            'max',
          ]),
        ),
      })),
    },
    ...maybe(random, 0.5, () => ({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } })),
    ...maybe(random, 0.5, () => ({ maskedPaths: some(random, ['/proc/kcore', '/proc/keys', '/proc/own'], 0.5) })),
    ...maybe(random, 0.5, () => ({ readonlyPaths: some(random, ['/proc/sys', '/proc/bus'], 0.5) })),
    ...maybe(random, 0.2, () => ({ rootfsPropagation: pick(random, 'shared', 'rshared', 'rprivate', 'slave') })),
    ...maybe(random, all.some(({ type }) => type === 'network') ? 0.02 : 0, () => ({
      netDevices: { eth0: { name: 'eth1' } },
    })),
  };
}

const ANNOTATIONS = [
  'run.oci.hooks.stdout',
  'run.oci.systemd.subgroup',
  'org.systemd.property.CollectMode',
  'org.systemd.property.Slice',
  'org.criu.config',
  'com.example',
  'io.kubernetes.cri.container-type',
];

/** One that the runtime reads without an error. */
export function randomSpec(random: Random, places: Places) {
  const names = some(random, [...ANNOTATIONS, 'io.kubernetes.cri.sandbox-id', 'io.kubernetes.pod.uid'], 0.15);
  return {
    ociVersion: '1.2.0',
    process: process(random),
    root: {
      path: chance(random, 0.95)
        ? 'rootfs'
        : pick(random, '/', '/etc', `${places.root}/docker/overlay2/x/merged`, `${places.root}/docker/overlay2/x/diff`),
      ...maybe(random, 0.5, () => ({ readonly: chance(random, 0.5) })),
    },
    mounts: Array.from({ length: random.int(5) }, () => mount(random, places)),
    ...maybe(random, 0.5, () => ({
      annotations: Object.fromEntries(names.map((name) => [name, chance(random, 0.7) ? 's' : 'p'])),
    })),
    linux: linux(random),
  };
}

/** A policy with some of its controls changed: not one that anybody would write, but one that can be. */
export function randomPolicy(random: Random, base: EnginePolicy, { root }: Places): EnginePolicy {
  const level = () => random.pick(LEVELS);
  const bound = (most: number) => (chance(random, 0.3) ? null : 1 + random.int(most));
  const ports = () => (chance(random, 0.5) ? null : some(random, [80, 443, 8080], 0.5));
  return {
    ...base,
    user: { namespace: level(), nonRoot: chance(random, 0.2) },
    hostNamespaces: some(random, ['network', 'pid', 'ipc', 'uts'], 0.2),
    noNewPrivileges: chance(random, 0.7),
    filter: chance(random, 0.7) ? base.filter : null,
    // Required parts are there on this kernel, or the whole comparison would be of refusals.
    landlock: {
      ...base.landlock,
      files: level(),
      ioctl: level(),
      ports: level(),
      scopes: level(),
      listen: ports(),
      connect: ports(),
    },
    lsm: chance(random, 0.05) ? 'required' : pick(random, 'off', 'wished', 'required-where-enforced'),
    root: { ...base.root, readOnly: chance(random, 0.5), noexec: chance(random, 0.5) },
    mounts: {
      ...base.mounts,
      sources: pick(
        random,
        ['/**'],
        [`${root}/srv/**`, `${root}/bundle/**`],
        [`${root}/srv/data`, '/usr/**', `${root}/bundle/rootfs`],
        [],
      ),
      readOnly: chance(random, 0.3),
      roots: [`${root}/docker`, ...base.mounts.roots],
    },
    devices: { ...base.devices, allowed: pick(random, [], ['/dev/fuse'], ['/dev/**']) },
    limits: { memory: bound(2 ** 40), pids: bound(100_000), cpu: bound(800_000) },
    rlimits: base.rlimits.map(({ type }) => {
      const hard = random.int(2 ** 40);
      return { type, hard, soft: random.int(hard + 1) };
    }),
  };
}
