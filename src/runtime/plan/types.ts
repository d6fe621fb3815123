// SPDX-License-Identifier: Apache-2.0
// The seam: what goes into a decision and what comes out. See docs/plan.md.

/** What the user asked for, after the command line was read and before anything was decided. */
export interface RunRequest {
  /** Image reference as typed. */
  image: string;
  /** Arguments after the image, verbatim. Empty: the image's command. */
  args: readonly string[];
  /** Replaces the image's entry point; `[]` clears it. */
  entrypoint?: readonly string[];
  /** Name or path of a profile or policy file; undefined: configuration or `default`. */
  profile?: string;
  name?: string;
  detach: boolean;
  tty: boolean;
  interactive: boolean;
  remove: boolean;
  /** `K=V`; a bare `K` was resolved from the environment by the caller (and recorded as an input). */
  env: readonly string[];
  workdir?: string;
  /** `user[:group]`, names or numbers. */
  user?: string;
  groupAdd: readonly string[];
  hostname?: string;
  readOnly?: boolean;
  volumes: readonly VolumeRequest[];
  tmpfs: readonly TmpfsRequest[];
  capAdd: readonly string[];
  capDrop: readonly string[];
  /** e.g. `no-new-privileges`, `seccomp=FILE|unconfined`, parsed by the caller into these two. */
  securityOpt: readonly string[];
  privileged: boolean;
  /** Undefined: what the policy gives, as little as works. */
  network?: 'none' | 'bridge';
  /** One entry per port; ranges were expanded by the caller. */
  publish: readonly PublishRequest[];
  /** Every port that the image exposes and `publish` leaves out. */
  publishAll: boolean;
  /** Name servers instead of the host's, as addresses. */
  dns: readonly string[];
  /** Instead of the host's; `.` alone: none. */
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  addHosts: readonly HostRequest[];
  /** `K=V` of the caller's proxy variables; undefined: not asked for. */
  proxyEnv?: readonly string[];
  extraCas: readonly ExtraCa[];
  limits: LimitRequest;
  stopSignal?: string;
  /** Seconds. */
  stopTimeout?: number;
  restart?: RestartRequest;
  health?: HealthRequest;
  /** The image's own is left out. */
  noHealthcheck?: boolean;
  log?: LogRequest;
  /** Accept an image whose origin the profile would refuse (imported images under `strict`). */
  trust: boolean;
  enforcement: 'required' | 'best-effort';
}
export interface RestartRequest {
  policy: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  /** For `on-failure`; undefined: as often as it fails. */
  retries?: number;
}
/** What is asked for instead of the image's. Milliseconds. */
export interface HealthRequest {
  /** A line for the image's /bin/sh. */
  command?: string;
  interval?: number;
  timeout?: number;
  startPeriod?: number;
  startInterval?: number;
  retries?: number;
}
export interface LogRequest {
  driver?: 'json-file' | 'local' | 'none';
  /** Bytes of one file. */
  maxBytes?: number;
  maxFiles?: number;
}
/** HEALTHCHECK of a build file; what it leaves out is undefined. Milliseconds. */
export interface ImageHealthcheck extends Omit<HealthRequest, 'command'> {
  /** `CMD` and arguments, `CMD-SHELL` and a line, or `NONE`; never empty. */
  test: readonly string[];
}
export interface PublishRequest {
  /** As typed, for errors. */
  text: string;
  protocol: 'tcp' | 'udp';
  /** Canonical; undefined: where the policy says. */
  hostAddress?: string;
  /** Undefined: a free one. */
  hostPort?: number;
  containerPort: number;
}
export interface HostRequest {
  name: string;
  /** An address, or `host-gateway`: the host as the container sees it. */
  address: string;
}
export interface ExtraCa {
  /** Absolute. */
  path: string;
  /** The certificates alone, PEM. */
  pem: string;
  subjects: readonly string[];
}
export interface VolumeRequest {
  /** Absolute, resolved host path. */
  source: string;
  destination: string;
  /** As typed: ro, rw, noexec, ... */
  options: readonly string[];
}
export interface TmpfsRequest {
  destination: string;
  options: readonly string[];
}
export interface LimitRequest {
  /** Bytes. */
  memory?: number;
  /** Bytes, memory + swap; -1 unlimited. */
  memorySwap?: number;
  /** Fractions of a core. */
  cpus?: number;
  cpuset?: string;
  pids?: number;
  /** Bytes. */
  shmSize?: number;
  ulimits: readonly { name: string; soft: number; hard: number }[];
}

export type Origin = 'built' | 'pulled' | 'imported';

/** Everything about an image that a plan depends on. Produced by the image store, which does the I/O. */
export interface ImageFacts {
  /** Full reference, `localhost/busybox:latest`. */
  reference: string;
  /** Manifest digest. */
  digest: string;
  configDigest: string;
  origin: Origin;
  architecture: string;
  os: string;
  config: {
    user: string;
    env: readonly string[];
    entrypoint: readonly string[];
    cmd: readonly string[];
    workingDir: string;
    stopSignal?: string;
    healthcheck?: ImageHealthcheck;
    volumes: readonly string[];
    exposedPorts: readonly string[];
    labels: Readonly<Record<string, string>>;
  };
  /** What the policy's rules about signatures found, one entry for each that names the image; each was satisfied. */
  signatures?: readonly {
    decision: string;
    /** Why it counts; default: it was verified. */
    why?: string;
    by: { policy: string; line: number; column: number };
    /** What verified attestations say that the rule asked for. */
    attestations?: readonly { predicateType: string; predicate: Readonly<Record<string, unknown>>; signer: string }[];
  }[];
  /** Lowest first, unpacked. */
  layers: readonly { diffId: string; path: string }[];
  /** /etc/passwd and /etc/group of the merged layers, at most 1 MiB each; '' where absent or not a regular file. */
  passwd: string;
  group: string;
  /** Files of trusted certificates that it has; read only when certificates are to be added. */
  caBundles?: readonly { path: string; text: string }[];
}

/** resolv.conf(5) without what only works on the host itself. */
export interface Resolver {
  nameservers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}

/** The bridge that containers are attached to, by configuration. */
export interface NetworkSettings {
  bridge: string;
  subnet4: string;
  /** null: no IPv6. */
  subnet6: string | null;
}

/** What this kernel and machine offer, read once by `src/runtime/host.ts`. */
export interface HostFacts {
  euid: number;
  kernelRelease: string;
  bootId: string;
  architecture: 'x86_64' | 'aarch64';
  landlockAbi: number;
  seccomp: boolean;
  /** Of /sys/kernel/security/lsm, or what /proc says; [] when unknown. */
  lsms: readonly string[];
  appArmorEnforcing: boolean;
  seLinuxEnforcing: boolean;
  /** apparmor_parser(8); '': not installed. */
  appArmorParser: string;
  /** Kernel and parser have rules for POSIX message queues. */
  appArmorMqueue: boolean;
  /** Domain of the loaded policy that is for containers, e.g. `container_t`; '': none. */
  seLinuxDomain: string;
  cgroup: {
    mode: 'none' | 'v1' | 'v2' | 'hybrid';
    controllers: readonly string[];
    /** The kernel can limit memory and swap together; a memory limit then gives no swap on top. Undefined: not known. */
    swapAccounting?: boolean;
  };
  userNamespaces: boolean;
  /** Addresses of IPv6 can be given. */
  ipv6: boolean;
  /** What the host asks for names, as far as a container can ask it too. */
  resolver: Resolver;
  lastCap: number;
  /** Bounding set of this process, as names. */
  capabilities: readonly string[];
  cpus: number;
  /** Bytes. */
  memoryTotal: number;
  /** Current hard limits of this process by RLIMIT_ name; -1 unlimited. Without CAP_SYS_RESOURCE they can only be lowered. */
  rlimits: Readonly<Record<string, { soft: number; hard: number }>>;
}

export type PlanInputRecord =
  | { kind: 'file'; path: string; dev: number; ino: number; size: number; mtimeNs: string; ctimeNs: string }
  | { kind: 'content'; path: string; sha256: string }
  | { kind: 'absent'; path: string }
  | { kind: 'env'; name: string; value: string | null }
  | { kind: 'directory'; path: string; entries: readonly string[] }
  | { kind: 'host'; fact: string; value: unknown };

export interface Reason {
  control: string;
  decision: string;
  required: boolean;
  status: 'enforced' | 'unavailable' | 'off';
  by: { policy: string; line?: number };
  why: string;
  compensatedBy: string | null;
}
