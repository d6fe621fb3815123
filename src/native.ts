// SPDX-License-Identifier: Apache-2.0
// The native addon, typed. It only marshals; what it does is documented in native/core.
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ExitCode, SecureError } from './errors.ts';

export interface SeccompProgram {
  /** `struct sock_filter[]` as the kernel takes it, 8 bytes each. */
  instructions: Buffer;
  /** SECCOMP_FILTER_FLAG_* */
  flags: number;
  /** Names that no table of the chosen architectures has. */
  unknownNames: string[];
}

export interface HostProbes {
  euid: number;
  /** 0: this kernel has no Landlock. */
  landlockAbi: number;
  /** The highest capability number. */
  lastCap: number;
  seccompFilter: boolean;
  /** SCMP_ACT_ names that the kernel knows. */
  seccompActions: string[];
  openat2: boolean;
  clone3: boolean;
  pidfd: boolean;
  /** open_tree, move_mount, fsopen, mount_setattr. */
  mountApi: boolean;
  closeRange: boolean;
}

export interface BeneathOptions {
  /** Refuse a symbolic link in any component (ELOOP). */
  noSymlinks?: boolean;
  /** Absolute links and `..` stay inside, as after chroot; otherwise leaving is an error (EXDEV). */
  inRoot?: boolean;
  /** For O_CREAT. Default 0o600. */
  mode?: number;
}

interface Addon {
  compileSeccomp(profile: string): SeccompProgram;
  evaluateSeccomp(instructions: Buffer, arch: number, nr: number, args: readonly bigint[]): number;
  hostProbes(): HostProbes;
  openBeneath(
    root: number,
    path: string | Buffer,
    flags: number,
    mode: number,
    noLinks: boolean,
    inRoot: boolean,
  ): number;
  readBeneath(root: number, path: string | Buffer, limit: number, noLinks: boolean, inRoot: boolean): Buffer | null;
  flock(fd: number, exclusive: boolean, wait: boolean): boolean;
  getXattr(fd: number, name: string): Buffer | null;
  listXattr(fd: number): string[];
}
interface Oracle {
  seccompOracle(profile: string): { instructions: Buffer; unknownNames: string[] };
}

/** Not in node:fs: a descriptor that names a file without opening it, so that a FIFO cannot block and a device cannot act. */
export const O_PATH = 0o10000000;
const directory = join(import.meta.dirname, '../build/release');
const loaded = new Map<string, unknown>();

/** Loaded at the first use: `secure --help` works without it. */
function load<T>(name: string): T {
  const known = loaded.get(name);
  if (known !== undefined) return known as T;
  const path = join(directory, name);
  try {
    const exports: unknown = createRequire(import.meta.url)(path);
    loaded.set(name, exports);
    return exports as T;
  } catch (cause) {
    throw unavailable(path, cause);
  }
}

function unavailable(path: string, cause: unknown): SecureError {
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  const hint = /Cannot find module/.test(reason)
    ? "it was not built: run 'make native' in the source tree, or install the package again"
    : /shared object file|GLIBC|invalid ELF|wrong ELF class/.test(reason)
      ? `it does not fit this system: it was built for another architecture or C library (${process.arch} is needed); run 'make clean native'`
      : /NODE_MODULE_VERSION|napi/i.test(reason)
        ? `Node.js ${process.version} does not fit it: use 22.15 or later`
        : 'check that the file and its directory can be read, and that the file system is not mounted noexec';
  return new SecureError('RUNTIME_MISSING', `the native addon cannot be loaded: ${path}: ${reason}`, {
    hint,
    exitCode: ExitCode.host,
    cause,
  });
}

const addon = (): Addon => load<Addon>('secure.node');

interface NativeFailure extends Error {
  code: string;
  errnoName?: string;
  hint?: string;
}

/** Errors of the core carry the stage that failed; a TypeError about an argument does not. */
function isFailure(thrown: unknown): thrown is NativeFailure {
  return thrown instanceof Error && 'stage' in thrown && 'code' in thrown;
}

/** What the core refused, as a SecureError with the core's code and hint. */
function deciding<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!isFailure(thrown)) throw thrown;
    const { code, message, hint } = thrown;
    throw new SecureError(code, message, hint === undefined ? { cause: thrown } : { hint, cause: thrown });
  }
}

/** What the kernel refused, in the form of node:fs: `code` is the name of the errno. */
function opening<T>(syscall: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (isFailure(thrown) && thrown.errnoName !== undefined) Object.assign(thrown, { code: thrown.errnoName, syscall });
    throw thrown;
  }
}

/** Run with a descriptor of the root: a caller's own, or one of a directory named by its path. */
function withRoot<T>(root: string | number, use: (fd: number) => T): T {
  if (typeof root === 'number') return use(root);
  const fd = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Compile a seccomp profile (the object of `linux.seccomp`, as JSON) to BPF.
 * @throws SecureError CONFIG_INVALID, SECCOMP_INVALID with the field, SECCOMP_TOO_LARGE
 */
export function compileSeccomp(profile: string): SeccompProgram {
  return deciding(() => addon().compileSeccomp(profile));
}

/**
 * The decision (SECCOMP_RET_*) for one call, by interpreting the program.
 * @param arch AUDIT_ARCH_*; @param nr number of the call; @param args up to six 64-bit registers
 */
export function evaluateSeccomp(instructions: Buffer, arch: number, nr: number, args: readonly bigint[] = []): number {
  return addon().evaluateSeccomp(instructions, arch, nr, args);
}

/** libseccomp's program for the same profile, to compare with. Not part of an installation: built from source only. */
export function seccompOracle(profile: string): { instructions: Buffer; unknownNames: string[] } {
  return deciding(() => load<Oracle>('seccomp-oracle.node').seccompOracle(profile));
}

/** What this kernel offers, asked of the kernel itself. */
export function hostProbes(): HostProbes {
  return addon().hostProbes();
}

/**
 * openat2(2) that cannot leave `root`, a directory or a descriptor of one; never follows a magic link of /proc.
 * Returns a descriptor, close-on-exec, which the caller closes. `flags` are O_* of node:fs.
 * @throws Error as of node:fs: ENOENT, EXDEV (would leave the root), ELOOP (a link, with noSymlinks) ...
 */
export function openBeneath(
  root: string | number,
  path: string | Buffer,
  flags: number = constants.O_RDONLY,
  { noSymlinks = false, inRoot = false, mode = 0o600 }: BeneathOptions = {},
): number {
  return withRoot(root, (fd) =>
    opening('openat2', () => addon().openBeneath(fd, path, flags, mode, noSymlinks, inRoot)),
  );
}

/**
 * The content of a regular file below `root`, or null when the path is missing.
 * @param limit bytes; a larger file is an error (EFBIG), anything but a regular file another one (EINVAL)
 */
export function readBeneath(
  root: string | number,
  path: string | Buffer,
  limit: number,
  { noSymlinks = false, inRoot = false }: Omit<BeneathOptions, 'mode'> = {},
): Buffer | null {
  return withRoot(root, (fd) => opening('openat2', () => addon().readBeneath(fd, path, limit, noSymlinks, inRoot)));
}

/**
 * flock(2). False when another open file holds the lock and `wait` is false; with `wait` it blocks the whole process.
 * The lock belongs to the open file: it is released when the last descriptor of it is closed.
 */
export function flock(fd: number, exclusive: boolean, wait: boolean): boolean {
  return opening('flock', () => addon().flock(fd, exclusive, wait));
}

/** An extended attribute of an open file, or null when it has none of that name. @throws Error as of node:fs */
export function getXattr(fd: number, name: string): Buffer | null {
  return opening('fgetxattr', () => addon().getXattr(fd, name));
}

/** The names of an open file's extended attributes; each character is a byte. @throws Error as of node:fs */
export function listXattr(fd: number): string[] {
  return opening('flistxattr', () => addon().listXattr(fd));
}
