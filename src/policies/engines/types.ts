// SPDX-License-Identifier: Apache-2.0
// The compiled policy, which secure-runtime enforces underneath other engines: everything is decided here, and native/core/policy.h reads
// exactly this. A change of the shape is a change of FORMAT.
import type { DeviceRule } from '../../profiles/devices/index.ts';
import type { HostNamespace, Level, LsmLevel } from '../types.ts';

export const FORMAT = 'secure/engines/1';

/** Units and meaning of `value` are the control's; null: no limit. */
export type Bound = number | null;

export interface CompiledRight {
  readonly name: string;
  /** The first ABI of Landlock that has it. */
  readonly abi: number;
  /** Allowed everywhere, beneath writable mounts, and on the standard devices. */
  readonly read: boolean;
  readonly write: boolean;
  readonly device: boolean;
}

export interface EnginePolicy {
  readonly format: typeof FORMAT;
  readonly name: string;
  /** The product that compiled it. */
  readonly product: string;
  /** Of the seccomp filter: x86_64, aarch64. */
  readonly architecture: string;
  /** Where decisions are written, one line of JSON each. */
  readonly log: string;
  readonly user: { readonly namespace: Level; readonly nonRoot: boolean };
  /** Namespaces of the host that a container may be in. */
  readonly hostNamespaces: readonly HostNamespace[];
  readonly capabilities: {
    readonly allowed: readonly string[];
    /** What engines give unasked: dropped in silence. Anything else beyond `allowed` was asked for, and is refused. */
    readonly usual: readonly string[];
  };
  readonly noNewPrivileges: boolean;
  /** `struct sock_filter[]` in base64; null: none. */
  readonly filter: string | null;
  readonly landlock: {
    readonly files: Level;
    readonly ioctl: Level;
    readonly ports: Level;
    readonly scopes: Level;
    /** TCP ports; null: any. */
    readonly listen: readonly number[] | null;
    readonly connect: readonly number[] | null;
    readonly rights: readonly CompiledRight[];
    /** Names of what can be scoped, and device nodes that are always there. */
    readonly scopeNames: readonly string[];
    readonly nodes: readonly string[];
    readonly abi: { readonly files: number; readonly ioctl: number; readonly ports: number; readonly scopes: number };
  };
  readonly lsm: LsmLevel;
  readonly root: { readonly readOnly: boolean; readonly writable: readonly string[]; readonly noexec: boolean };
  readonly mounts: {
    readonly sources: readonly string[];
    readonly deny: readonly string[];
    /** As well, for containers in which root is root of the host. */
    readonly denyAsRoot: readonly string[];
    readonly readOnly: boolean;
    readonly roots: readonly string[];
    /** What engines make for a container, as patterns: `*` within a component, `**` at the end, `{id}`, `{sandbox}` and `{pod}`. */
    readonly own: readonly string[];
    /** Root file systems that engines make, likewise. */
    readonly ownRoots: readonly string[];
  };
  readonly devices: {
    /** Patterns of names below /dev of the host. */
    readonly allowed: readonly string[];
    /** What the device controller is set to. */
    readonly rules: readonly DeviceRule[];
    /** What engines let every container open, and is not asked about. */
    readonly usual: readonly DeviceRule[];
  };
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly limits: {
    /** Bytes. */
    readonly memory: Bound;
    readonly pids: Bound;
    /** Microseconds of processor time in 100 ms. */
    readonly cpu: Bound;
  };
  readonly rlimits: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  /** Where each control was said, as FILE:LINE, by its name in the file. */
  readonly origins: Readonly<Record<string, string>>;
}
