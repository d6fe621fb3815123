// SPDX-License-Identifier: Apache-2.0
// Landlock's vocabulary by ABI. Names are those of <linux/landlock.h> in lower case, as in landlockconfig.

export interface Right {
  readonly name: string;
  /** First ABI that knows it; an older kernel refuses a ruleset that names it. */
  readonly abi: number;
  /** Also means something on a file; the rest only applies beneath directories. */
  readonly file: boolean;
}

/** Source: Documentation/userspace-api/landlock.rst, Linux 6.18. */
export const FS_RIGHTS: readonly Right[] = [
  { name: 'execute', abi: 1, file: true },
  { name: 'write_file', abi: 1, file: true },
  { name: 'read_file', abi: 1, file: true },
  { name: 'read_dir', abi: 1, file: false },
  { name: 'remove_dir', abi: 1, file: false },
  { name: 'remove_file', abi: 1, file: false },
  { name: 'make_char', abi: 1, file: false },
  { name: 'make_dir', abi: 1, file: false },
  { name: 'make_reg', abi: 1, file: false },
  { name: 'make_sock', abi: 1, file: false },
  { name: 'make_fifo', abi: 1, file: false },
  { name: 'make_block', abi: 1, file: false },
  { name: 'make_sym', abi: 1, file: false },
  { name: 'refer', abi: 2, file: false },
  { name: 'truncate', abi: 3, file: true },
  { name: 'ioctl_dev', abi: 5, file: true },
];

/** Least ABI of each thing that a profile can ask for. ABI 1 lacks `refer`, without which every rename fails. */
export const LANDLOCK_ABI = { files: 2, ports: 4, ioctl: 5, scopes: 6 } as const;

export const LANDLOCK_SCOPES = ['abstract_unix_socket', 'signal'] as const;
export const LANDLOCK_NET = ['bind_tcp', 'connect_tcp'] as const;

export interface FsScope {
  /** ABI of the kernel that the ruleset is for. */
  readonly abi: number;
  /** Confine ioctl on devices too, where the ABI can. */
  readonly ioctl: boolean;
}

/** Standard devices, which are read, written and asked about by ioctl. */
export const DEVICE_NODES: readonly string[] = [
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  '/dev/tty',
  '/dev/ptmx',
];

function known(scope: FsScope): readonly Right[] {
  return FS_RIGHTS.filter((right) => right.abi <= scope.abi && (scope.ioctl || right.name !== 'ioctl_dev'));
}

/** Everything that can be confined: a right that is not handled is allowed everywhere. */
export function handledRights(scope: FsScope): string[] {
  return known(scope).map((right) => right.name);
}

export const READ_RIGHTS: readonly string[] = ['execute', 'read_file', 'read_dir'];

/** Reading and every way of writing; new device nodes only with `deviceNodes` (CAP_MKNOD was granted). */
export function writableDirectoryRights(scope: FsScope, deviceNodes: boolean): string[] {
  const left = ['execute', 'ioctl_dev', ...(deviceNodes ? [] : ['make_char', 'make_block'])];
  return handledRights(scope).filter((name) => !left.includes(name));
}

/** A device node, or a directory of them. A reopened terminal without ioctl is none: isatty(3) says 0. */
export function deviceRights(scope: FsScope, directory: boolean): string[] {
  const rights = known(scope).filter((right) => right.file && right.name !== 'execute');
  return [...rights.map((right) => right.name), ...(directory ? ['read_dir'] : [])];
}

/** Least ABI that carries out a ruleset, so that a plan is refused elsewhere instead of being weaker there. */
export function requiredAbi(rights: readonly string[], net: boolean, scoped: boolean): number {
  const byRight = FS_RIGHTS.filter((right) => rights.includes(right.name)).map((right) => right.abi);
  return Math.max(1, ...byRight, net ? LANDLOCK_ABI.ports : 0, scoped ? LANDLOCK_ABI.scopes : 0);
}
