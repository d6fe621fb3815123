// SPDX-License-Identifier: Apache-2.0
// What secure-probe says of the place that it ran in (native/probe), and what is known of the machine from outside.

/** User, group and the maps of the namespace: `[inside, outside, size]`; null: the file could not be read. */
export interface ProbeIds {
  /** Real, effective, saved. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  readonly groups: readonly number[];
  readonly uidMap: readonly (readonly number[])[] | null;
  readonly gidMap: readonly (readonly number[])[] | null;
}
/** Sixteen hexadecimal digits each. */
export interface ProbeCapabilities {
  readonly bounding: string;
  readonly permitted: string;
  readonly effective: string;
  readonly inheritable: string;
  readonly ambient: string;
}
export interface ProbeConfinement {
  readonly noNewPrivileges: boolean;
  /** 0: none, 2: a filter; below 0: the kernel did not say. */
  readonly seccomp: number;
  readonly filters: number | null;
  /** Of AppArmor or SELinux. */
  readonly label: string | null;
}
export interface ProbeNamespace {
  /** Of its file; null: /proc is missing, or it could not be read. */
  readonly inode: number | null;
  /** That of process 1, where it may be looked at. */
  readonly ofFirst: number | null;
}
export interface ProbeMount {
  readonly root: string;
  readonly point: string;
  readonly options: string;
  readonly type: string;
  readonly source: string;
  readonly shared: boolean;
}
export interface ProbePath {
  readonly path: string;
  readonly masked: boolean;
  readonly read: boolean;
  readonly write: boolean;
}
export interface ProbeDevice {
  readonly path: string;
  /** `c`, `b`. */
  readonly type: string;
  readonly major: number;
  readonly minor: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** By section of the answer; null: it could not be read, and `gaps` says why. */
export interface ProbeSections {
  readonly ids: ProbeIds | null;
  readonly capabilities: ProbeCapabilities | null;
  readonly confinement: ProbeConfinement | null;
  /** ABI of Landlock, 0: the kernel has none; directories that are refused although their modes allow them. */
  readonly landlock: { readonly abi: number; readonly refused: readonly string[] } | null;
  /** `[soft, hard]` by resource; -1: none. */
  readonly limits: Readonly<Record<string, readonly number[]>> | null;
  readonly kernel: { readonly release: string; readonly hostname: string; readonly bootId: string | null } | null;
  readonly namespaces: Readonly<Record<NamespaceKind, ProbeNamespace>> | null;
  readonly processes: {
    readonly first: string | null;
    readonly visible: number | null;
    /** Process 2 is the kernel's: these are the processes of the machine. */
    readonly kernelThreads: boolean;
    /** Those whose program lies on a mount that is not here. */
    readonly foreign: readonly { readonly pid: number; readonly name: string; readonly writable: boolean }[];
  } | null;
  readonly root: { readonly flags: readonly string[] | null; readonly writable: boolean } | null;
  readonly mounts: { readonly mounts: readonly ProbeMount[]; readonly complete: boolean } | null;
  readonly paths: readonly ProbePath[] | null;
  readonly devices: { readonly nodes: readonly ProbeDevice[]; readonly complete: boolean } | null;
  readonly cgroups: { readonly groups: readonly string[] | null; readonly writable: readonly string[] } | null;
  readonly descriptors: {
    /** `inside`, `outside`, `unknown`. */
    readonly workingDirectory: string;
    readonly open: readonly { readonly fd: number; readonly leadsOut: boolean; readonly link: string | null }[];
  } | null;
  readonly sockets: readonly { readonly path: string; readonly answers: boolean }[] | null;
  readonly network: {
    readonly interfaces: readonly { readonly name: string; readonly device: boolean }[];
    /** Names of abstract sockets, the first sixteen; null: not known. */
    readonly abstract: readonly string[] | null;
  } | null;
  readonly keys: { readonly visible: number | null } | null;
}

export const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;
export type NamespaceKind = (typeof NAMESPACES)[number];

export const OUTCOMES = ['allowed', 'denied', 'unsupported', 'not-applicable', 'killed', 'timeout', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface ProbeAttempt {
  readonly outcome: Outcome;
  /** `EPERM`. */
  readonly errno: string | null;
  /** Of `unsupported`: who says so, `filter`, `kernel`, `unknown`. */
  readonly by: string | null;
  readonly detail: string;
}

/** What the machine says of itself to whoever judges. */
export interface ProbeHost {
  readonly bootId: string;
  readonly namespaces: Readonly<Partial<Record<NamespaceKind, number>>>;
}

export interface ProbeFacts extends ProbeSections {
  /** What people know it by: `web`, `docker/web`, `here`. */
  readonly name: string;
  readonly attempts: Readonly<Record<string, ProbeAttempt>>;
  /** By section: why it could not be read. */
  readonly gaps: Readonly<Record<string, string>>;
  /** Null: it was read elsewhere, and nothing here can be compared with it. */
  readonly host: ProbeHost | null;
}
