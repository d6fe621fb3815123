// SPDX-License-Identifier: Apache-2.0
// The part of a config.json (runtime-spec 1.3) that a policy underneath engines looks at, and what is left of it.
import type { DeviceRule } from '../../profiles/devices/index.ts';

export interface EngineMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}
export interface IdMap {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}
export type CapabilitySetName = 'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient';
export interface EngineProcess {
  readonly terminal?: boolean;
  readonly user?: { readonly uid?: number; readonly gid?: number };
  readonly capabilities?: { readonly [K in CapabilitySetName]?: readonly string[] };
  readonly noNewPrivileges?: boolean;
  readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
}
export interface EngineResources {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: { readonly limit?: number; readonly swap?: number };
  readonly pids?: { readonly limit?: number };
  readonly cpu?: { readonly quota?: number; readonly period?: number };
  readonly unified?: Readonly<Record<string, string>>;
}
export interface EngineConfig {
  readonly process?: EngineProcess;
  readonly root?: { readonly path?: string; readonly readonly?: boolean };
  readonly mounts?: readonly EngineMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: {
    readonly namespaces?: readonly { readonly type: string; readonly path?: string }[];
    readonly uidMappings?: readonly IdMap[];
    readonly gidMappings?: readonly IdMap[];
    readonly devices?: readonly {
      readonly path: string;
      readonly type: string;
      readonly major?: number;
      readonly minor?: number;
    }[];
    readonly resources?: EngineResources;
    readonly seccomp?: unknown;
    readonly maskedPaths?: readonly string[];
    readonly readonlyPaths?: readonly string[];
    readonly rootfsPropagation?: string;
    readonly netDevices?: Readonly<Record<string, unknown>>;
  };
}

/** proc_pid_mountinfo(5) */
export interface MountLine {
  readonly id: number;
  /** MAJOR:MINOR */
  readonly device: string;
  readonly root: string;
  readonly point: string;
  readonly type: string;
}

/** What the decision depends on beside policy and config. */
export interface EngineFacts {
  readonly id: string;
  /** Absolute. */
  readonly bundle: string;
  /** 0: none. */
  readonly landlockAbi: number;
  /** Enforced by the host. */
  readonly appArmor: boolean;
  readonly seLinux: boolean;
  /** A path without links, `.` and `..`; undefined: it cannot be resolved. */
  resolve(path: string): string | undefined;
  /** Whether a file of a namespace is that of the runtime itself; `kind` as below /proc/self/ns. */
  isOwnNamespace(path: string, kind: string): boolean;
  /** What devtmpfs calls a device; undefined: there is none. */
  deviceName(type: string, major: number, minor: number): string | undefined;
  /** The mount that a path is on; undefined: not to be known. */
  mountId(path: string): number | undefined;
  mountTable(): readonly MountLine[];
  /** Whether AppArmor has a profile of this very name, and enforces it. */
  appArmorEnforces(profile: string): boolean;
  /** The hard limit of the runtime; Infinity: none. @param type RLIMIT_NOFILE ... */
  hardLimit(type: string): number;
  /** Of the runtime, which what it starts inherits. */
  readonly oomScoreAdj: number;
}

export interface Finding {
  /** As in the policy's file. */
  readonly control: string;
  /** JSON pointer into the config; '': all of it. */
  readonly at: string;
  readonly text: string;
}

export interface LandlockRules {
  readonly handledAccessFs: readonly string[];
  readonly handledAccessNet: readonly string[];
  readonly scoped: readonly string[];
  readonly pathBeneath: readonly { readonly parent: readonly string[]; readonly allowedAccess: readonly string[] }[];
  readonly netPort: readonly { readonly port: readonly number[]; readonly allowedAccess: readonly string[] }[];
}

/** The container as it is made. */
export interface HeldConfig {
  readonly process: {
    readonly capabilities: { readonly [K in CapabilitySetName]: readonly string[] };
    readonly noNewPrivileges: boolean;
    readonly rlimits: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
    readonly oomScoreAdj?: number;
  };
  readonly readonly: boolean;
  readonly namespaces: readonly string[];
  readonly mounts: readonly Required<EngineMount>[];
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  /** Names. */
  readonly annotations: readonly string[];
  readonly rootfsPropagation: string;
  readonly resources: {
    readonly devices: readonly DeviceRule[];
    readonly memory?: number;
    readonly swap?: number;
    readonly pids?: number;
    readonly quota?: number;
    readonly period?: number;
    /** Names. */
    readonly unified: readonly string[];
  };
  /** Instructions of the policy's own filter. */
  readonly filter: number;
  readonly landlock: LandlockRules | null;
}

export interface EngineDecision {
  readonly refused: readonly Finding[];
  readonly tightened: readonly Finding[];
  /** Undefined: it is refused. */
  readonly config?: HeldConfig;
}

/** Collects what was decided, with where the policy says it. */
export class Report {
  readonly refused: Finding[] = [];
  readonly tightened: Finding[] = [];
  readonly #origins: Readonly<Record<string, string>>;

  constructor(origins: Readonly<Record<string, string>>) {
    this.#origins = origins;
  }

  refuse(control: string, at: string, text: string): void {
    const origin = this.#origins[control];
    this.refused.push({
      control,
      at,
      text: `${text} (run.${control}${origin === undefined ? '' : `, ${origin}`})`,
    });
  }

  tighten(control: string, at: string, text: string): void {
    this.tightened.push({ control, at, text });
  }
}
