// SPDX-License-Identifier: Apache-2.0
// Every control: its order and how its text in a file becomes a value. The schema has checked the text's form.
import { capabilityName } from '../profiles/capabilities/index.ts';
import {
  free,
  grants,
  type Lattice,
  limit,
  paths,
  permission,
  ports,
  protection,
  ranked,
  refusals,
} from './lattice.ts';
import type { ControlName, HostNamespace, Level, Limit, OriginRule, RunControls } from './types.ts';

interface Control<T> {
  readonly lattice: Lattice<T>;
  read(raw: unknown): T;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** `512Mi`, `1048576`, `unlimited`. */
export function quantity(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  if (raw === 'unlimited') return Infinity;
  const [, digits = '', unit = ''] = /^(\d+)(Ki|Mi|Gi|Ti)?$/.exec(String(raw)) ?? [];
  return Number(digits) * (UNITS[unit] ?? 1);
}

function readLimit(raw: unknown): Limit {
  if (typeof raw !== 'object' || raw === null) return { value: quantity(raw), required: true };
  const { value, soft, enforcement } = raw as { value: unknown; soft?: unknown; enforcement?: Level };
  const hard = quantity(value);
  const required = enforcement !== 'wished';
  return soft === undefined
    ? { value: hard, required }
    : { value: hard, soft: Math.min(hard, quantity(soft)), required };
}

const as = <T>(lattice: Lattice<T>): Control<T> => ({ lattice, read: (raw) => raw as T });
const level = as(ranked<Level>('off', 'wished', 'required'));
const origin = as(ranked<OriginRule>('accept', 'trust', 'signature', 'refuse'));
const bound: Control<Limit> = { lattice: limit, read: readLimit };
const pathList: Control<readonly string[]> = { lattice: paths, read: (raw) => (raw as string[]).map(tidy) };

/** One spelling for each path, so that comparing text compares places. */
const tidy = (path: string): string => (path === '/' ? path : path.replace(/\/+$/, ''));

export const CONTROLS: { readonly [K in ControlName]: Control<RunControls[K]> } = {
  'user.namespace': level,
  'user.nonRoot': as(protection),
  'user.default': as(free),
  capabilities: { lattice: grants, read: (raw) => (raw as string[]).map((name) => capabilityName(name) ?? name) },
  noNewPrivileges: as(protection),
  'seccomp.profile': as(ranked('baseline', 'default', 'strict')),
  'seccomp.allow': as(grants),
  'seccomp.enforcement': level,
  readOnly: as(protection),
  writable: pathList,
  noexec: as(protection),
  'landlock.files': level,
  'landlock.ioctl': level,
  'landlock.ports': level,
  'landlock.scopes': level,
  lsm: as(ranked('off', 'wished', 'required-where-enforced', 'required')),
  network: as(ranked('bridge', 'none')),
  lowPorts: as(ranked('unprivileged')),
  ports: as(ports),
  egress: as(ports),
  publishAddress: as(ranked('any', 'ask', 'loopback')),
  hostAccess: as(permission),
  proxy: as(permission),
  pids: bound,
  memory: bound,
  cpus: bound,
  nofile: bound,
  nproc: bound,
  core: bound,
  memlock: bound,
  fsize: bound,
  'origins.built': origin,
  'origins.imported': origin,
  'origins.pulled': origin,
  'binds.sources': pathList,
  'binds.deny': { lattice: refusals, read: pathList.read },
  'binds.access': as(ranked('read-write', 'ask', 'read-only')),
  devices: as(ranked('standard')),
  cgroup: as(ranked('private')),
  maskedPaths: as(refusals),
  readonlyPaths: as(refusals),
  'engines.userNamespace': level,
  'engines.hostNamespaces': as(grants as Lattice<readonly HostNamespace[]>),
  'engines.devices': pathList,
  'engines.readOnly': as(protection),
  'engines.roots': pathList,
};

export const CONTROL_NAMES = Object.keys(CONTROLS) as ControlName[];
