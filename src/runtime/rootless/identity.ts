// SPDX-License-Identifier: Apache-2.0
// Whose ids these are: of the machine, or of a user namespace below it.
import { readFileSync, readlinkSync } from 'node:fs';

/** PROC_USER_INIT_INO of linux/proc_ns.h: the one user namespace that was not made by anybody. A map may look like its map and be another's. */
const INITIAL = 'user:[4026531837]';

/** `count` ids from `inside` on are those from `outside` on in the namespace around. */
export interface IdMap {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uids: readonly IdMap[];
  readonly gids: readonly IdMap[];
}

export const inInitialNamespace = (): boolean => readlinkSync('/proc/self/ns/user') === INITIAL;

function readMap(path: string): IdMap[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, count };
  });
}

/** The maps of the namespace that this process is in, as user_namespaces(7) has them. */
export const readIdMaps = (): IdMaps => ({
  uids: readMap('/proc/self/uid_map'),
  gids: readMap('/proc/self/gid_map'),
});

/** The user who called, by the id that the machine knows: root of a namespace is somebody outside of it. */
export function callerId(): number {
  const euid = process.geteuid?.() ?? 0;
  if (euid !== 0 || inInitialNamespace()) return euid;
  return readMap('/proc/self/uid_map').find(({ inside }) => inside === 0)?.outside ?? euid;
}

/** The owner that a file of an unmapped user, such as the machine's root, seems to have. */
export const overflowId = (): number => Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
