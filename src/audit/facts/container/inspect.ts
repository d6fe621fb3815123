// SPDX-License-Identifier: Apache-2.0
// A container of docker or podman as the checks of containers see it: what the engine was told of it, which it gives its runtime, and what
// the kernel says of its process where this machine can look.
import type { ContainerFacts } from '../container.ts';
import type { Limit } from '../engine/types.ts';
import { boundPorts, DOCKER_CAPABILITIES, hasOwnIds, MASKED_PATHS, READ_ONLY_PATHS } from './engines.ts';
import { list, number, object, text, texts } from './json.ts';
import type { DeviceRule, NetworkFacts, PlanFacts, PlannedMount, PublishedPort } from './plan.ts';
import { CAPABILITIES, type ProcessFacts } from './process.ts';

type Json = Readonly<Record<string, unknown>>;

const named = (name: string): string => `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;
const DENIED: DeviceRule = { allow: false, type: 'a', major: null, minor: null, access: 'rwm' };

function capabilities(host: Json, whole: Json): string[] {
  if (Array.isArray(whole.BoundingCaps)) return texts(whole.BoundingCaps).map(named);
  const [add, drop] = [texts(host.CapAdd).map(named), texts(host.CapDrop).map(named)];
  if (host.Privileged === true || add.includes('CAP_ALL')) return CAPABILITIES.map(named).sort();
  const kept = drop.includes('CAP_ALL') ? [] : DOCKER_CAPABILITIES.map(named).filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])].sort();
}

/** Namespaces by the names of a plan: what is the host's is left out, that of another container is a path. */
function namespaces(host: Json, remapped: InspectOptions['remapped']): Record<string, string> {
  const modes: Readonly<Record<string, string>> = {
    network: text(host.NetworkMode),
    pid: text(host.PidMode),
    ipc: text(host.IpcMode),
    uts: text(host.UTSMode),
    // podman has both names, and says `host` in one of them.
    cgroup: text(host.CgroupnsMode) || text(host.CgroupMode) || 'host',
    // podman says which ids a container of its own has; docker has one range for all.
    user: hasOwnIds(host) || remapped === 'always' || (remapped && text(host.UsernsMode) !== 'host') ? '' : 'host',
  };
  // docker wrote nothing before there was a choice, and then shared the view of control groups, read-only: no way out.
  const own = Object.entries(modes).filter(([kind, mode]) => mode !== 'host' || kind === 'cgroup');
  return {
    mount: '',
    ...Object.fromEntries(own.map(([kind, mode]) => [kind, /^(?:container|ns):/.test(mode) ? mode : ''])),
  };
}

function ports(whole: Json, host: Json): PublishedPort[] {
  const given = object(object(whole.NetworkSettings).Ports);
  // What it got, and of one that does not run what it will get.
  const bindings = Object.values(given).some((hosts) => list(hosts).length > 0) ? given : object(host.PortBindings);
  return boundPorts(bindings);
}

function network(whole: Json, host: Json): NetworkFacts | null | undefined {
  const mode = text(host.NetworkMode);
  if (mode === 'none') return null;
  // That of another container is audited there.
  if (/^(?:container|ns):/.test(mode)) return undefined;
  return {
    egress: 'any',
    // A firewall that neither of both knows may forbid it.
    hostAccess: mode === 'host' ? true : null,
    ports: mode === 'host' ? [] : ports(whole, host),
    bridge: mode === 'default' || mode === 'bridge' || mode === '' ? 'default' : mode,
  };
}

const kernelMount = (type: string, destination: string, ...options: readonly string[]): PlannedMount => ({
  destination,
  type,
  source: type,
  options: ['nosuid', 'noexec', 'nodev', ...options],
  own: false,
});

function mounts(whole: Json, host: Json): PlannedMount[] {
  const access = host.Privileged === true ? 'rw' : 'ro';
  const given = list(whole.Mounts)
    .map(object)
    .map((mount) => ({
      destination: text(mount.Destination),
      type: text(mount.Type) === 'tmpfs' ? 'tmpfs' : 'bind',
      source: text(mount.Source),
      options: [
        ...(text(mount.Type) === 'tmpfs' ? [] : ['bind']),
        mount.RW === false ? 'ro' : 'rw',
        ...[text(mount.Propagation)].filter((one) => one !== ''),
        ...texts(mount.Options),
      ],
      // A volume is a directory that the engine made for it.
      own: text(mount.Type) === 'volume',
    }));
  // runc adds these three where nothing else is said.
  const temporary = Object.entries(object(host.Tmpfs)).map(([destination, options]) => ({
    ...{ destination, type: 'tmpfs', source: 'tmpfs', own: false },
    options: ['nosuid', 'noexec', 'nodev', ...text(options).split(',')].filter(
      (option, _, all) => option !== '' && !all.includes(option.replace(/^no/, '')),
    ),
  }));
  return [
    kernelMount('proc', '/proc'),
    kernelMount('sysfs', '/sys', access),
    kernelMount('cgroup', '/sys/fs/cgroup', access),
    ...given,
    ...temporary,
  ];
}

function devices(host: Json): DeviceRule[] {
  if (host.Privileged === true) return [];
  const nodes = list(host.Devices)
    .map(object)
    .map((device) => ({
      ...{ allow: true, type: 'c', major: null, minor: null },
      access: text(device.CgroupPermissions) || 'rwm',
      path: text(device.PathOnHost),
    }));
  const rules = texts(host.DeviceCgroupRules).map((rule) => {
    const [, type = 'a', major = '*', minor = '*', access = 'rwm'] =
      /^([abc]) ([\d*]+):([\d*]+) ([rwm]+)$/.exec(rule) ?? [];
    const of = (one: string): number | null => (one === '*' ? null : Number(one));
    return { allow: true, type, major: of(major), minor: of(minor), access };
  });
  const requests = list(host.DeviceRequests)
    .map(object)
    .map((request) => ({
      ...{ allow: true, type: 'c', major: null, minor: null, access: 'rwm' },
      path: `those of the driver ${text(request.Driver) || 'of graphics cards'}`,
    }));
  return [DENIED, ...nodes, ...rules, ...requests];
}

const positive = (value: unknown): number | null => {
  const found = number(value);
  return found !== null && found > 0 ? found : null;
};

/** The label that confines it: that of AppArmor, or of SELinux. */
function label(whole: Json, options: readonly string[]): string {
  const given = text(whole.AppArmorProfile);
  if (given !== '') return given;
  return options.includes('label=disable') ? '' : text(whole.ProcessLabel);
}

function plan(whole: Json, { remapped, seccomp, image, limits }: InspectOptions): PlanFacts {
  const [host, config] = [object(whole.HostConfig), object(whole.Config)];
  const options = texts(host.SecurityOpt).map((option) => option.replace(':', '='));
  const privileged = host.Privileged === true;
  const filter = options.findLast((option) => option.startsWith('seccomp='))?.slice('seccomp='.length) ?? seccomp;
  const open = privileged || options.includes('systempaths=unconfined') || options.some((one) => one === 'unmask=ALL');
  const [id = ''] = text(config.User).split(':');
  const limited = (kind: Limit, value: unknown): number | null =>
    limits?.includes(kind) === false ? null : positive(value);
  const nano = limited('cpu', host.NanoCpus);
  const quota = limited('cpu', host.CpuQuota);
  const paths = (given: unknown, otherwise: readonly string[]): readonly string[] =>
    Array.isArray(given) ? texts(given) : open ? [] : otherwise;
  return {
    uid: /^\d+$/.test(id) ? Number(id) : 0,
    args: [text(whole.Path), ...texts(whole.Args)],
    capabilities: capabilities(host, whole),
    noNewPrivileges: options.some((option) => /^no-new-privileges(?:=true)?$/.test(option)),
    label: label(whole, options),
    rlimits: Object.fromEntries(
      list(host.Ulimits)
        .map(object)
        .map(({ Name, Hard }) => [
          `RLIMIT_${text(Name)
            .toUpperCase()
            .replace(/^RLIMIT_/, '')}`,
          number(Hard) ?? -1,
        ]),
    ),
    readOnlyRoot: host.ReadonlyRootfs === true,
    propagation: '',
    mounts: mounts(whole, host),
    namespaces: namespaces(host, remapped),
    uidMappings: [],
    // docker's own filter answers what it does not name with an error; what stands in a file or in the option, this one does not read.
    seccomp:
      privileged || filter === 'unconfined' || filter === '' ? null : { defaultAction: 'SCMP_ACT_ERRNO', rules: 1 },
    maskedPaths: paths(host.MaskedPaths, MASKED_PATHS),
    readonlyPaths: paths(host.ReadonlyPaths, READ_ONLY_PATHS),
    devices: devices(host),
    limits: {
      memory: limited('memory', host.Memory),
      pids: limited('pids', host.PidsLimit),
      cpuQuota: nano === null ? quota : Math.round(nano / 1e4),
    },
    landlock: [],
    network: network(whole, host),
    image,
  };
}

export interface InspectOptions {
  readonly engine: 'docker' | 'podman';
  /** Root inside is not root outside, unless the container says `host`; `always`: its engine is not root itself, and `host` means its ids. */
  readonly remapped: boolean | 'always';
  /** The filter of the engine where the container names none: `default`, `unconfined`; empty: none. */
  readonly seccomp: string;
  /** What the engine limits at all; undefined: everything. */
  readonly limits?: readonly Limit[];
  readonly image: PlanFacts['image'];
  readonly imageNow: string | null;
  /** Of the image: to those of the container docker adds what it publishes. */
  readonly exposedPorts: readonly string[] | null;
  /** Sessions of `exec` that are open, as the engine says. */
  readonly sessions: readonly Json[];
  /** What the kernel says; null: it could not be asked. */
  readonly process: ProcessFacts | null;
}

/** One of which the engine only has a name: no check of it passes. */
export const unknownContainer = (whole: Json, engine: InspectOptions['engine'], why: string): ContainerFacts => ({
  ...{ id: text(whole.Id), name: text(whole.Name), running: false, engine, plan: null, proof: null },
  ...{ gaps: { managed: why, plan: why }, managed: null },
});

/** @param whole what the engine answered when it was asked about the container */
export function inspectedContainer(whole: Json, options: InspectOptions): ContainerFacts {
  const [host, config, state] = [object(whole.HostConfig), object(whole.Config), object(whole.State)];
  const { process, engine } = options;
  const planned = plan(whole, options);
  const running = state.Running === true;
  const [user = ''] = text(config.User).split(':');
  const unread = running ? 'its process cannot be looked at from here' : 'it does not run, and the daemon decides';
  const limit = (name: string): Record<string, string> =>
    Object.hasOwn(planned.rlimits, name) || process !== null ? {} : { [name]: unread };
  const core = limit('RLIMIT_CORE').RLIMIT_CORE;
  const nofile = limit('RLIMIT_NOFILE').RLIMIT_NOFILE;
  const isName = user !== '' && user !== 'root' && !/^\d+$/.test(user);
  return {
    id: text(whole.Id),
    name: text(whole.Name).replace(/^\//, '') || text(whole.Id).slice(0, 12),
    running,
    engine,
    plan: process === null ? planned : { ...planned, rlimits: { ...planned.rlimits, ...process.rlimits } },
    proof: process?.proof ?? null,
    gaps: {
      ...(core === undefined ? {} : { 'rlimit-core': core }),
      ...(nofile === undefined ? {} : { 'rlimit-nofile': nofile }),
      ...(isName && process === null ? { user: `its user is ${user}, an account of its image` } : {}),
    },
    managed: {
      privileged: host.Privileged === true,
      restart: text(object(host.RestartPolicy).Name) || 'no',
      restartCount: number(object(host.RestartPolicy).MaximumRetryCount) ?? 0,
      healthcheck: checked(object(config.Healthcheck)),
      imageNow: options.imageNow,
      programs: process?.programs ?? null,
      cgroupParent: text(host.CgroupParent),
      exposedPorts: options.exposedPorts,
      cpuShares: options.limits?.includes('cpu') === false ? null : positive(host.CpuShares),
      sessions: options.sessions.map((session) => ({
        command: [
          text(object(session.ProcessConfig).entrypoint),
          ...texts(object(session.ProcessConfig).arguments),
        ].join(' '),
        user: text(object(session.ProcessConfig).user),
        privileged: object(session.ProcessConfig).privileged === true,
      })),
    },
  };
}

const checked = ({ Test }: Json): boolean => texts(Test).length > 0 && texts(Test)[0] !== 'NONE';
