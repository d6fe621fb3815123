// SPDX-License-Identifier: Apache-2.0
// What a policy says, after everything that it extends was merged in.

import type { Setting } from './rules/read.ts';
import type { PolicyTest, RuleBook } from './rules/types.ts';

/** Where a value was written. `policy` is `builtin:NAME` or the file's path; lines and columns count from 1. */
export interface Source {
  readonly policy: string;
  readonly line: number;
  readonly column: number;
}
export interface Sourced<T> {
  readonly value: T;
  readonly by: Source;
}

/** `required`: no run without it. `wished`: used where the host has it, reported where not. `off`: not asked for. */
export type Level = 'off' | 'wished' | 'required';
export type SeccompLevel = 'baseline' | 'default' | 'strict';
/** What an image of this origin needs: nothing, `--trust`, a verified signature, or it is refused. */
export type OriginRule = 'accept' | 'trust' | 'signature' | 'refuse';
export type LsmLevel = 'off' | 'wished' | 'required-where-enforced' | 'required';
export type BindAccess = 'read-write' | 'ask' | 'read-only';
export type Ports = 'any' | readonly number[];
/** Where a port without an address is published: everywhere; on 127.0.0.1; the same, and nowhere else even when asked. */
export type PublishAddress = 'any' | 'ask' | 'loopback';

export interface Limit {
  /** Bytes, tasks, cores or whatever the control counts; Infinity: unlimited. */
  readonly value: number;
  /** Soft value of an rlimit; undefined: the same as `value`. */
  readonly soft?: number;
  readonly required: boolean;
}

/** Every control of a container by its dotted name in the file. The lattice of each is in `controls.ts`. */
export interface RunControls {
  'user.namespace': Level;
  'user.nonRoot': boolean;
  /** `uid:gid` for an image that names nobody or root where that is not allowed. */
  'user.default': string;
  capabilities: readonly string[];
  noNewPrivileges: boolean;
  'seccomp.profile': SeccompLevel;
  'seccomp.allow': readonly string[];
  'seccomp.enforcement': Level;
  readOnly: boolean;
  /** Paths that get a tmpfs when the root is read-only. `DIR/**` only bounds what may be asked for. */
  writable: readonly string[];
  /** Writable places cannot hold programs. */
  noexec: boolean;
  'landlock.files': Level;
  'landlock.ioctl': Level;
  'landlock.ports': Level;
  'landlock.scopes': Level;
  lsm: LsmLevel;
  /** The most that a container is attached to. */
  network: 'none' | 'bridge';
  publishAddress: PublishAddress;
  /** The host's own addresses may be reached, by who asks for it. */
  hostAccess: boolean;
  /** The caller's proxy variables may be passed on. */
  proxy: boolean;
  lowPorts: 'unprivileged';
  ports: Ports;
  egress: Ports;
  pids: Limit;
  memory: Limit;
  cpus: Limit;
  nofile: Limit;
  nproc: Limit;
  core: Limit;
  memlock: Limit;
  fsize: Limit;
  'origins.built': OriginRule;
  'origins.imported': OriginRule;
  'origins.pulled': OriginRule;
  'binds.sources': readonly string[];
  'binds.deny': readonly string[];
  'binds.access': BindAccess;
  devices: 'standard';
  cgroup: 'private';
  maskedPaths: readonly string[];
  readonlyPaths: readonly string[];
  /** Underneath other engines (`engines/`): what their containers must have, and may ask for. */
  'engines.userNamespace': Level;
  'engines.hostNamespaces': readonly HostNamespace[];
  /** Of the host, by their names there. */
  'engines.devices': readonly string[];
  'engines.readOnly': boolean;
  /** Where engines keep what they make for containers. */
  'engines.roots': readonly string[];
}
export type HostNamespace = 'network' | 'pid' | 'ipc' | 'uts';
export type ControlName = keyof RunControls;
export type Run = { readonly [K in ControlName]: Sourced<RunControls[K]> };
export type PartialRun = { readonly [K in ControlName]?: Sourced<RunControls[K]> };

/** What one image needs beyond the policy's `run`. Only ever within the ceilings. */
export interface Workload {
  readonly match: readonly string[];
  /** The first of these that the image knows is used. */
  readonly user: readonly string[];
  /** Run when neither the image nor the request names a command. */
  readonly command: readonly string[];
  /** Made for some uses of the image: what the ceilings do not allow is left out instead of being refused. */
  readonly optional: boolean;
  readonly grants: PartialRun;
  readonly by: Source;
}

/** A text, or a regular expression of the whole text. */
export type SignerName = { readonly text: string } | { readonly pattern: string };

/**
 * Where a trusted root of sigstore comes from: a path, absolute once the policy is loaded; or what was fetched from a mirror (`sigstore`: the public
 * instance), beginning with the TUF root at the path `pin`, where one is named.
 */
export type TrustedRootSource = { readonly file: string } | { readonly mirror: string; readonly pin?: string };

/**
 * What a signature has to name. `repository`: that of the image. `reference`: and, where the image is asked for by a tag, this tag. `exact`: the name as it is asked
 * for. `digest-only`: nothing. Else whatever the image is called: the repository or reference that is given; or, as `reference`, the image's own with one
 * beginning in place of another.
 */
export type SignedIdentity =
  | 'repository'
  | 'reference'
  | 'exact'
  | 'digest-only'
  | { readonly repository: string }
  | { readonly reference: string }
  | { readonly prefix: string; readonly signedPrefix: string };

/** Signatures that images of these names must have; every rule that names an image holds. */
export interface SignatureRule {
  readonly match: readonly string[];
  /** Names that `match` does not mean. */
  readonly except: readonly string[];
  /** `reject`: no such image at all; `nothing`: one that was pulled needs no signature, whatever `origins.pulled` says of others. */
  readonly verdict: 'signature' | 'reject' | 'nothing';
  /** Paths of public keys; absolute once the policy is loaded. A signature by one of them, or by the identity, is enough. */
  readonly keys: readonly string[];
  readonly keyless?: {
    readonly identity: SignerName;
    readonly issuer: SignerName;
    readonly trustedRoot: TrustedRootSource;
  };
  /** Signatures of the Notary Project. */
  readonly notary?: {
    /** Paths of certificates of authorities, and of signing authorities. */
    readonly roots: readonly string[];
    readonly authorityRoots: readonly string[];
    /** Of authorities whose timestamps count, and of lists of revoked certificates. */
    readonly timestampRoots: readonly string[];
    readonly revocations: readonly string[];
    /** `x509.subject: C=…, ST=…, O=…`, or `*`. */
    readonly identities: readonly string[];
  };
  /** Simple signing with OpenPGP. */
  readonly gpg?: {
    /** Paths of public keys. */
    readonly keys: readonly string[];
    /** Address of the signatures; undefined: by registries.d. */
    readonly lookaside: string | undefined;
  };
  readonly identity: SignedIdentity;
  /** Kinds of attestations that are wanted instead of a signature, each of them; `slsa` or the type of a predicate. */
  readonly attestations: readonly string[];
  readonly by: Source;
}

/** One file as written, before anything was merged. */
export interface PolicyFile {
  readonly policy: string;
  readonly name: string;
  readonly extends: readonly Sourced<string>[];
  readonly run: PartialRun;
  readonly ceilings: PartialRun;
  readonly workloads: readonly Workload[];
  readonly images: readonly SignatureRule[];
  /** Whose signature policies of a registry must have, which it extends, and those that they extend. */
  readonly remote?: SignatureRule;
  readonly book: RuleBook;
  /** Values for parameters of what it extends. */
  readonly settings: readonly Setting[];
  readonly tests: readonly PolicyTest[];
  /** Lines of the text, for carets. */
  readonly lines: readonly string[];
}

/** A value that is looser than what the policies below give, within their ceilings. */
export interface Grant {
  readonly control: ControlName;
  /** The value as text. */
  readonly shown: string;
  readonly by: Source;
}

/** What a run is decided by. `run` is complete; `ceilings` bound what workloads may add. */
export interface EffectivePolicy {
  /** As asked for: a built-in's name or the file's path. */
  readonly name: string;
  readonly run: Run;
  readonly ceilings: PartialRun;
  readonly workloads: readonly Workload[];
  readonly images: readonly SignatureRule[];
  /** Rules of it and of all that it extends. */
  readonly book: RuleBook;
  /** Its own. */
  readonly tests: readonly PolicyTest[];
  /** Those that `run` holds: each is told with the plan. */
  readonly grants: readonly Grant[];
  /** Every file that took part, nearest first. */
  readonly files: readonly string[];
}
