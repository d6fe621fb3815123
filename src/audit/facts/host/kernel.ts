// SPDX-License-Identifier: Apache-2.0
// What /proc and /sys of the tree say about its kernel. Undefined: they are not there, so nothing is known.
import { hostProbes } from '../../../native.ts';
import { type KernelConfig, kernelConfig } from './kernel-config.ts';
import { SYSCTLS, sysctlPath } from './sysctls.ts';
import type { Tree } from './tree.ts';

export interface Swap {
  readonly path: string;
  readonly kind: 'memory' | 'encrypted' | 'plain' | 'file';
}
export interface KernelFacts {
  /** uname -r */
  readonly release: string | undefined;
  /** By name; null: this kernel has no such setting. One that could not be read is left out: several are for root alone. */
  readonly sysctls: Readonly<Record<string, string | null>> | undefined;
  /** Actions of seccomp filters; empty: the kernel has none. */
  readonly seccompActions: readonly string[] | undefined;
  /** By name, as the kernel says it: `Not affected`, `Mitigation: …`, `Vulnerable`. */
  readonly vulnerabilities: Readonly<Record<string, string>> | undefined;
  /** `enforcing`: loaded and in force. */
  readonly appArmor: 'enforcing' | 'absent' | undefined;
  readonly seLinux: 'enforcing' | 'permissive' | 'absent' | undefined;
  /** 0: none. Of another machine's tree the least that it can be. */
  readonly landlockAbi: number | undefined;
  readonly lockdown: 'none' | 'integrity' | 'confidentiality' | undefined;
  readonly swaps: readonly Swap[] | undefined;
  /** Words of the command line. */
  readonly commandLine: readonly string[] | undefined;
  readonly config: KernelConfig | undefined;
  /** Releases whose modules are installed. Undefined: they cannot be listed, or were not looked at. */
  readonly installed?: readonly string[] | undefined;
  /** Profiles of AppArmor that only complain. Null: no profile is loaded; undefined: the list cannot be read. */
  readonly complaining: readonly string[] | null | undefined;
  /** Wireless cards that are up. Undefined: no list of cards is in this file tree. */
  readonly wireless: readonly string[] | undefined;
}

function swapKind(tree: Tree, path: string, type: string): Swap['kind'] {
  const name = path.split('/').at(-1) ?? '';
  if (name.startsWith('zram')) return 'memory';
  if (type === 'file') return 'file';
  return tree.text(`/sys/block/${name}/dm/uuid`)?.startsWith('CRYPT-') ? 'encrypted' : 'plain';
}

function swaps(tree: Tree): Swap[] | undefined {
  const text = tree.text('/proc/swaps');
  if (text === undefined) return undefined;
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .flatMap(([path, type]) => (path?.startsWith('/') ? [{ path, kind: swapKind(tree, path, type ?? '') }] : []));
}

function vulnerabilities(tree: Tree): Record<string, string> | undefined {
  const directory = '/sys/devices/system/cpu/vulnerabilities';
  const names = tree.list(directory) ?? [];
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, tree.text(`${directory}/${name}`) ?? '']));
}

function lockdown(tree: Tree): KernelFacts['lockdown'] {
  // `none [integrity] confidentiality`: the one in brackets is chosen.
  const chosen = /\[(none|integrity|confidentiality)\]/.exec(tree.text('/sys/kernel/security/lockdown') ?? '')?.[1];
  return chosen as KernelFacts['lockdown'];
}

/** The version with which renames can be confined, 2, came with Linux 5.19; distributions add to kernels and take nothing away. */
const hasSecondAbi = (release: string | undefined): boolean => {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,4})/.exec(release ?? '') ?? [];
  return Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 19);
};

function landlockAbi(tree: Tree, release: string | undefined): number | undefined {
  if (tree.live) return hostProbes().landlockAbi;
  const list = tree.text('/sys/kernel/security/lsm');
  if (list === undefined) return undefined;
  if (!list.split(',').includes('landlock')) return 0;
  // At least this one; whether it is more, only the kernel itself can say.
  return hasSecondAbi(release) ? 2 : 1;
}

/** A kernel has 4096 characters of it at most; what is longer is none. */
const COMMAND_LINE = 65_536;

function commandLine(tree: Tree): string[] | undefined {
  const text = tree.text('/proc/cmdline');
  return text === undefined || text.length > COMMAND_LINE ? undefined : text.split(/\s+/).filter(Boolean);
}

function sysctls(tree: Tree): Record<string, string | null> {
  return Object.fromEntries(
    SYSCTLS.flatMap((name) => {
      const read = tree.read(sysctlPath(name));
      if (read.status === 'unreadable') return [];
      return [[name, read.status === 'absent' ? null : read.text.trim()] as const];
    }),
  );
}

/** `name (complain)`, a profile in a line. */
function complaining(tree: Tree): KernelFacts['complaining'] {
  const read = tree.read('/sys/kernel/security/apparmor/profiles');
  if (read.status !== 'text') return read.status === 'absent' ? null : undefined;
  return read.text
    .split('\n')
    .filter((line) => line.endsWith(' (complain)'))
    .map((line) => line.slice(0, -' (complain)'.length));
}

function wireless(tree: Tree): string[] | undefined {
  const names = tree.list('/sys/class/net') ?? [];
  if (names.length === 0) return undefined;
  return names
    .slice(0, 10_000)
    .filter((name) => ['wireless', 'phy80211'].some((sign) => tree.stat(`/sys/class/net/${name}/${sign}`) != null))
    .filter((name) => tree.text(`/sys/class/net/${name}/operstate`) !== 'down');
}

export function collectKernel(tree: Tree): KernelFacts {
  const release = tree.text('/proc/sys/kernel/osrelease');
  const hasSys = tree.stat('/sys/kernel')?.type === 'directory' && (tree.list('/sys/kernel') ?? []).length > 0;
  const labels = hasSys ? tree.text('/sys/fs/selinux/enforce') : undefined;
  return {
    release,
    // Every kernel that has /proc/sys says its release there: without it the directory is empty or of something else.
    sysctls: release === undefined ? undefined : sysctls(tree),
    seccompActions:
      release === undefined
        ? undefined
        : (tree.text('/proc/sys/kernel/seccomp/actions_avail') ?? '').split(' ').filter(Boolean),
    vulnerabilities: vulnerabilities(tree),
    appArmor: !hasSys
      ? undefined
      : tree.text('/sys/module/apparmor/parameters/enabled') === 'Y'
        ? 'enforcing'
        : 'absent',
    seLinux: !hasSys ? undefined : labels === undefined ? 'absent' : labels === '1' ? 'enforcing' : 'permissive',
    landlockAbi: landlockAbi(tree, release),
    lockdown: lockdown(tree),
    swaps: swaps(tree),
    commandLine: commandLine(tree),
    config: kernelConfig(tree, release),
    installed: tree.stat('/lib/modules') === null ? undefined : tree.list('/lib/modules'),
    complaining: hasSys ? complaining(tree) : undefined,
    wireless: wireless(tree),
  };
}
