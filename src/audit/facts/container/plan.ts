// SPDX-License-Identifier: Apache-2.0
// The parts of a container's config.json that checks ask for (docs/plan.md; runtime-spec 1.3), with every default made explicit.
import { list, number, object, text, texts } from './json.ts';

export interface PlannedMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** A file that the runtime wrote for this container (hosts, resolv.conf), not one of the host. */
  readonly own: boolean;
}
export interface DeviceRule {
  readonly allow: boolean;
  /** `a`, `b`, `c`. */
  readonly type: string;
  /** null: every one. */
  readonly major: number | null;
  readonly minor: number | null;
  readonly access: string;
  /** What it is called, where its numbers are not known. */
  readonly path?: string;
}
export interface PublishedPort {
  readonly protocol: string;
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}
export interface NetworkFacts {
  /** `none`, `any`, or ports. */
  readonly egress: string | readonly number[];
  /** Null: the firewall of the host decides. */
  readonly hostAccess: boolean | null;
  readonly ports: readonly PublishedPort[];
  /** Of another engine: the name of its network, `default` for the one that nobody chose. */
  readonly bridge?: string;
}
export interface PlanFacts {
  readonly uid: number;
  readonly args: readonly string[];
  /** Of all sets together: what a process of it can get. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  /** AppArmor profile or SELinux label; empty: none. */
  readonly label: string;
  /** Hard limits by RLIMIT_ name. */
  readonly rlimits: Readonly<Record<string, number>>;
  readonly readOnlyRoot: boolean;
  readonly propagation: string;
  readonly mounts: readonly PlannedMount[];
  /** Type to path; empty: a new one. What is not here is the host's. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** First id outside for each mapped range of user ids. */
  readonly uidMappings: readonly { readonly inside: number; readonly outside: number; readonly size: number }[];
  /** null: no filter. */
  readonly seccomp: { readonly defaultAction: string; readonly rules: number } | null;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly devices: readonly DeviceRule[];
  /** Bytes, tasks, and microseconds per period; null: no limit. */
  readonly limits: { readonly memory: number | null; readonly pids: number | null; readonly cpuQuota: number | null };
  /** File rights that Landlock handles; empty: none. */
  readonly landlock: readonly string[];
  /** null: loopback only; undefined: a bundle of another engine, whose network is not in its plan. */
  readonly network: NetworkFacts | null | undefined;
  /** null: a bundle of another engine. */
  readonly image: { readonly reference: string; readonly digest: string; readonly origin: string } | null;
}

const limit = (value: unknown): number | null => {
  const found = number(value);
  return found !== null && found > 0 ? found : null;
};

function network(secure: unknown): NetworkFacts | null | undefined {
  if (typeof secure !== 'object' || secure === null) return undefined;
  const found = object(secure).network;
  if (typeof found !== 'object' || found === null) return null;
  const { egress, hostAccess, ports } = object(found);
  return {
    egress: Array.isArray(egress) ? egress.filter((port) => typeof port === 'number') : text(egress),
    hostAccess: hostAccess === true,
    ports: list(ports)
      .map(object)
      .map((port) => ({
        protocol: text(port.protocol),
        hostAddress: text(port.hostAddress),
        hostPort: number(port.hostPort) ?? 0,
        containerPort: number(port.containerPort) ?? 0,
      })),
  };
}

function image(secure: unknown): PlanFacts['image'] {
  const found = object(object(secure).image);
  if (text(found.reference) === '') return null;
  return { reference: text(found.reference), digest: text(found.digest), origin: text(found.origin) };
}

function process(
  config: unknown,
): Pick<PlanFacts, 'uid' | 'args' | 'capabilities' | 'noNewPrivileges' | 'label' | 'rlimits'> {
  const { user, args, capabilities, noNewPrivileges, apparmorProfile, selinuxLabel, rlimits } = object(config);
  const limits = list(rlimits).map(object);
  return {
    uid: number(object(user).uid) ?? 0,
    args: texts(args),
    capabilities: [...new Set(Object.values(object(capabilities)).flatMap(texts))].sort(),
    noNewPrivileges: noNewPrivileges === true,
    label: text(apparmorProfile) || text(selinuxLabel),
    rlimits: Object.fromEntries(limits.map(({ type, hard }) => [text(type), number(hard) ?? -1])),
  };
}

function linux(
  config: unknown,
): Omit<PlanFacts, keyof ReturnType<typeof process> | 'readOnlyRoot' | 'mounts' | 'landlock' | 'network' | 'image'> {
  const { namespaces, uidMappings, seccomp, maskedPaths, readonlyPaths, rootfsPropagation, resources } = object(config);
  const { devices, memory, pids, cpu } = object(resources);
  const filter = object(seccomp);
  return {
    propagation: text(rootfsPropagation),
    namespaces: Object.fromEntries(
      list(namespaces)
        .map(object)
        .map(({ type, path }) => [text(type), text(path)]),
    ),
    uidMappings: list(uidMappings)
      .map(object)
      .map(({ containerID, hostID, size }) => ({
        inside: number(containerID) ?? 0,
        outside: number(hostID) ?? 0,
        size: number(size) ?? 0,
      })),
    seccomp:
      text(filter.defaultAction) === ''
        ? null
        : { defaultAction: text(filter.defaultAction), rules: list(filter.syscalls).length },
    maskedPaths: texts(maskedPaths),
    readonlyPaths: texts(readonlyPaths),
    devices: list(devices)
      .map(object)
      .map(({ allow, type, major, minor, access }) => ({
        allow: allow === true,
        type: text(type) || 'a',
        major: number(major),
        minor: number(minor),
        access: text(access),
      })),
    limits: {
      memory: limit(object(memory).limit),
      pids: limit(object(pids).limit),
      cpuQuota: limit(object(cpu).quota),
    },
  };
}

/** Paths of the files that the plan has the runtime write into the record of the container. */
function ownFiles(secure: unknown, id: string): Set<string> {
  const { stateRoot, files } = object(secure);
  const names = list(files).map((file) => text(object(file).name));
  return new Set(names.map((name) => `${text(stateRoot)}/containers/${id}/${name}`));
}

/** null: this is no plan. */
export function parsePlan(plan: unknown, id: string): PlanFacts | null {
  const config = object(plan);
  const own = ownFiles(config.secure, id);
  if (text(config.ociVersion) === '') return null;
  return {
    ...process(config.process),
    ...linux(config.linux),
    readOnlyRoot: object(config.root).readonly === true,
    mounts: list(config.mounts)
      .map(object)
      .map(({ destination, type, source, options }) => ({
        destination: text(destination),
        type: text(type),
        source: text(source),
        options: texts(options),
        own: own.has(text(source)),
      })),
    landlock: texts(object(object(config.secure).landlock).handledAccessFs),
    network: network(config.secure),
    image: image(config.secure),
  };
}
