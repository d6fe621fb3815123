// SPDX-License-Identifier: Apache-2.0
// The plan as written to disk: runtime-spec 1.3 and the extension of docs/plan.md. schemas/plan.schema.json says the same.
import type { DeviceRule } from '../../profiles/devices/index.ts';

export type { DeviceRule };

import type { OciSeccomp } from '../../profiles/seccomp/index.ts';
import type { Origin, PlanInputRecord, Reason } from './types.ts';

export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: readonly string[];
}
export interface Rlimit {
  type: string;
  soft: number;
  hard: number;
}
export interface CapabilitySets {
  bounding: readonly string[];
  effective: readonly string[];
  inheritable: readonly string[];
  permitted: readonly string[];
  ambient: readonly string[];
}
export interface Resources {
  devices: readonly DeviceRule[];
  memory?: { limit: number; swap?: number };
  cpu?: { quota?: number; period?: number; cpus?: string };
  pids?: { limit: number };
}
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}
export interface ProcessSpec {
  terminal: boolean;
  user: { uid: number; gid: number; additionalGids: readonly number[] };
  args: readonly string[];
  env: readonly string[];
  cwd: string;
  capabilities: CapabilitySets;
  rlimits: readonly Rlimit[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
}
export interface LinuxSpec {
  namespaces: readonly { type: string }[];
  uidMappings?: readonly IdMapping[];
  gidMappings?: readonly IdMapping[];
  cgroupsPath: string;
  resources: Resources;
  sysctl: Readonly<Record<string, string>>;
  seccomp?: OciSeccomp;
  maskedPaths: readonly string[];
  readonlyPaths: readonly string[];
  rootfsPropagation: 'private';
  mountLabel?: string;
}
export interface LandlockSpec {
  minAbi: number;
  handledAccessFs: readonly string[];
  pathBeneath: readonly { parent: readonly string[]; allowedAccess: readonly string[]; optional: boolean }[];
  handledAccessNet: readonly string[];
  netPort: readonly { port: readonly number[]; allowedAccess: readonly string[] }[];
  scoped: readonly string[];
}
export interface PublishedPort {
  protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` are every address of their family. */
  hostAddress: string;
  /** 0: a slot. */
  hostPort: number;
  containerPort: number;
}
/** docs/network.md, "In the plan". */
export interface NetworkSpec {
  driver: 'bridge';
  bridge: string;
  subnet4: string;
  subnet6: string | null;
  address4: string;
  address6: string | null;
  egress: 'none' | 'any' | readonly number[];
  hostAccess: boolean;
  ports: readonly PublishedPort[];
}
/** Written into the container's record; some parts are slots. */
export interface GeneratedFile {
  name: string;
  parts: readonly string[];
}
export interface Slot {
  at: string;
  type:
    | 'id'
    | 'id-short'
    | 'name'
    | 'range-start'
    | 'cgroup-path'
    | 'upper-dir'
    | 'work-dir'
    | 'log-path'
    | 'created'
    | 'address4'
    | 'address6'
    | 'host-port'
    | 'record-dir'
    | 'mcs';
  prefix?: string;
  suffix?: string;
}
export interface SecureExtension {
  schemaVersion: 1;
  product: string;
  profile: string;
  /** null: the runtime picks one. */
  name: string | null;
  stateRoot: string;
  runRoot: string;
  image: { reference: string; digest: string; configDigest: string; origin: Origin };
  layers: readonly { diffId: string; path: string }[];
  range: { size: number } | null;
  upperDir: string;
  workDir: string;
  logPath: string;
  landlock: LandlockSpec | null;
  /** Source of `process.apparmorProfile`, when the profile is made for this plan. */
  apparmor?: string;
  /** null: loopback only. */
  network: NetworkSpec | null;
  files: readonly GeneratedFile[];
  monitor: {
    detach: boolean;
    stdinOpen: boolean;
    remove: boolean;
    log: { driver: 'json-file' | 'local' | 'none'; maxBytes: number; maxFiles: number };
    stopSignal: string;
    stopTimeout: number;
    restart: { policy: 'no' | 'on-failure' | 'always' | 'unless-stopped'; retries: number | null };
    health: HealthSpec | null;
  };
  slots: readonly Slot[];
  inputs: readonly PlanInputRecord[];
  reasons: readonly Reason[];
}
/** How the monitor asks a container whether it works. */
export interface HealthSpec {
  command: readonly string[];
  intervalMs: number;
  timeoutMs: number;
  startPeriodMs: number;
  startIntervalMs: number;
  retries: number;
}
export interface Plan {
  ociVersion: '1.3.0';
  process: ProcessSpec;
  root: { path: string; readonly: boolean };
  hostname: string;
  mounts: readonly Mount[];
  annotations: Readonly<Record<string, string>>;
  linux: LinuxSpec;
  secure: SecureExtension;
}
