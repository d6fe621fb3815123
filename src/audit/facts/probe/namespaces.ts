// SPDX-License-Identifier: Apache-2.0
// Whose namespace it is, as far as it can be told from inside.
import type { NamespaceKind, ProbeFacts } from './types.ts';

/** Of the first namespaces, for ever: include/uapi/linux/nsfs.h. Those of mounts and networks have them since Linux 6.18, and before it none that is fixed. */
const FIRST: Readonly<Record<NamespaceKind, number>> = {
  mnt: 0xeffffff8,
  net: 0xeffffff9,
  time: 0xeffffffa,
  cgroup: 0xeffffffb,
  pid: 0xeffffffc,
  user: 0xeffffffd,
  uts: 0xeffffffe,
  ipc: 0xefffffff,
};
const FIXED: ReadonlySet<NamespaceKind> = new Set(['time', 'cgroup', 'pid', 'user', 'uts', 'ipc']);

export type Whose = 'host' | 'own' | 'unknown';

/** The whole range of ids, each as itself. */
export const isFirstMap = (map: readonly (readonly number[])[] | null | undefined): boolean =>
  map?.length === 1 && map[0]?.join(' ') === '0 0 4294967295';

function hasFixedNumbers(release = ''): boolean {
  const [, major = '0', minor = '0'] = /^(\d{1,3})\.(\d{1,3})/.exec(release) ?? [];
  return Number(major) > 6 || (major === '6' && Number(minor) >= 18);
}

/** What is seen tells where numbers do not; a device or a process of that name may have been given to a container, so they come last. */
function seen({ ids, processes, network }: ProbeFacts, kind: NamespaceKind): Whose {
  if (kind === 'user' && ids?.uidMap != null) return isFirstMap(ids.uidMap) ? 'host' : 'own';
  if (kind === 'pid' && processes?.kernelThreads === true) return 'host';
  return kind === 'net' && network?.interfaces.some(({ device }) => device) === true ? 'host' : 'unknown';
}

/** A machine that does not know of its host takes itself for one: what judges beside it is asked first. */
export function whose(facts: ProbeFacts, kind: NamespaceKind): Whose {
  const inode = facts.namespaces?.[kind].inode ?? null;
  if (inode === null) return seen(facts, kind);
  if (inode === FIRST[kind]) return 'host';
  const { host, kernel } = facts;
  const here = host !== null && kernel?.bootId === host.bootId ? host.namespaces[kind] : undefined;
  if (here !== undefined) return inode === here ? 'host' : 'own';
  return FIXED.has(kind) || hasFixedNumbers(kernel?.release) ? 'own' : seen(facts, kind);
}
