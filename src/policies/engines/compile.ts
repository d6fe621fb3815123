// SPDX-License-Identifier: Apache-2.0
// A policy to what secure-runtime enforces underneath other engines.
import { dirname } from 'node:path';
import { ociCapabilities } from '../../profiles/capabilities/index.ts';
import { standardDeviceRules, USUAL_DEVICE_RULES } from '../../profiles/devices/index.ts';
import {
  DEVICE_NODES,
  deviceRights,
  FS_RIGHTS,
  LANDLOCK_ABI,
  LANDLOCK_SCOPES,
  READ_RIGHTS,
  writableDirectoryRights,
} from '../../profiles/landlock/index.ts';
import { isFeatureGroup, type SeccompArchitecture, seccompProfile } from '../../profiles/seccomp/index.ts';
import { NEVER_MOUNTED } from '../never.ts';
import { eachProcessor } from '../patterns.ts';
import type { ControlName, EffectivePolicy, Limit } from '../types.ts';
import { OWN_FILES, OWN_ROOTS, ROOTS_OWN } from './own.ts';
import { type CompiledRight, type EnginePolicy, FORMAT } from './types.ts';

/** What the compiled policy depends on beside the policy. */
export interface CompileFor {
  readonly product: string;
  /** The one that the containers run on. */
  readonly architecture: SeccompArchitecture;
  readonly cpus: number;
  /** Where decisions are to be written. */
  readonly log: string;
  /** The seccomp compiler: an OCI profile as JSON to `struct sock_filter[]`. */
  filter(profile: string): Buffer;
}

/** moby/profiles, podman and CRI give at most these unasked. */
const USUAL_CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];
const CPU_PERIOD_US = 100_000;
const RLIMITS = {
  RLIMIT_CORE: 'core',
  RLIMIT_FSIZE: 'fsize',
  RLIMIT_MEMLOCK: 'memlock',
  RLIMIT_NOFILE: 'nofile',
  RLIMIT_NPROC: 'nproc',
} as const satisfies Record<string, ControlName>;
/** All that a kernel may know, so that the runtime chooses by the one that it runs on. */
const NEWEST = { abi: Math.max(...FS_RIGHTS.map(({ abi }) => abi)), ioctl: true };

function rights(mknod: boolean): CompiledRight[] {
  const [write, device] = [writableDirectoryRights(NEWEST, mknod), deviceRights(NEWEST, false)];
  return FS_RIGHTS.map(({ name, abi }) => ({
    name,
    abi,
    read: READ_RIGHTS.includes(name),
    write: write.includes(name),
    device: device.includes(name),
  }));
}

const bound = ({ value }: Limit, unit = 1): number | null => (value === Infinity ? null : Math.round(value * unit));

/** The policy as secure-runtime reads it. Rules, images, workloads and networks are no part of it: `notCompiled` says so. */
export function compileEngines({ name, run }: EffectivePolicy, target: CompileFor): EnginePolicy {
  const capabilities = run.capabilities.value;
  const mknod = capabilities.includes('MKNOD');
  const allow = run['seccomp.allow'].value.filter(isFeatureGroup);
  const options = { allow, capabilities: ociCapabilities(capabilities), architecture: target.architecture };
  const profile = run['seccomp.enforcement'].value === 'off' ? undefined : run['seccomp.profile'].value;
  const filter =
    profile === undefined ? null : target.filter(JSON.stringify(seccompProfile(profile, options))).toString('base64');
  // Everything of an engine that is not made for the container, and what was decided.
  const roots = run['engines.roots'].value.filter((path) => !path.endsWith('/**'));
  const kept = target.log.startsWith('/') ? [dirname(target.log)] : [];
  const ports = (control: 'ports' | 'egress') => (run[control].value === 'any' ? null : run[control].value);
  return {
    format: FORMAT,
    name,
    product: target.product,
    architecture: target.architecture,
    log: target.log,
    user: { namespace: run['engines.userNamespace'].value, nonRoot: run['user.nonRoot'].value },
    hostNamespaces: run['engines.hostNamespaces'].value,
    capabilities: { allowed: ociCapabilities(capabilities), usual: ociCapabilities(USUAL_CAPABILITIES) },
    noNewPrivileges: run.noNewPrivileges.value,
    filter,
    landlock: {
      files: run['landlock.files'].value,
      ioctl: run['landlock.ioctl'].value,
      ports: run['landlock.ports'].value,
      scopes: run['landlock.scopes'].value,
      listen: ports('ports'),
      connect: ports('egress'),
      rights: rights(mknod),
      scopeNames: LANDLOCK_SCOPES,
      nodes: DEVICE_NODES,
      abi: LANDLOCK_ABI,
    },
    lsm: run.lsm.value,
    root: {
      readOnly: run['engines.readOnly'].value,
      writable: run.writable.value.filter((path) => !path.endsWith('/**')),
      noexec: run.noexec.value,
    },
    mounts: {
      sources: run['binds.sources'].value,
      deny: [...new Set([...NEVER_MOUNTED, ...run['binds.deny'].value, ...roots, ...kept])],
      denyAsRoot: ROOTS_OWN,
      readOnly: run['binds.access'].value === 'read-only',
      roots: run['engines.roots'].value,
      own: OWN_FILES,
      ownRoots: OWN_ROOTS,
    },
    devices: {
      allowed: run['engines.devices'].value,
      rules: standardDeviceRules(mknod),
      usual: USUAL_DEVICE_RULES,
    },
    maskedPaths: run.maskedPaths.value.flatMap((path) => eachProcessor(path, target.cpus)),
    readonlyPaths: run.readonlyPaths.value,
    limits: {
      memory: bound(run.memory.value),
      pids: bound(run.pids.value),
      cpu: bound(run.cpus.value, CPU_PERIOD_US),
    },
    rlimits: Object.entries(RLIMITS).flatMap(([type, control]) => {
      const { value, soft = value } = run[control].value;
      return value === Infinity ? [] : [{ type, soft, hard: value }];
    }),
    origins: Object.fromEntries(Object.entries(run).map(([control, { by }]) => [control, `${by.policy}:${by.line}`])),
  };
}

/** What a policy says that is not enforced underneath engines, one sentence each. */
export function notCompiled({ book, images, workloads, run }: EffectivePolicy): string[] {
  // Recipes that come with the product are nobody's wish.
  const own = workloads.filter(({ by }) => !by.policy.startsWith('builtin:'));
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return [
    ...(book.rules.length === 0
      ? []
      : [`${count(book.rules.length, 'rule')}: expressions are evaluated by secure run, build and review only`]),
    ...(images.length === 0
      ? []
      : [`${count(images.length, 'requirement')} on signatures: an engine does not say which image a container is of`]),
    ...(own.length === 0
      ? []
      : [`${count(own.length, 'workload')}: what they grant is not granted, for the same reason`]),
    ...(run.network.value === 'none' ? ['network: the network of a container is its engine’s'] : []),
  ];
}
