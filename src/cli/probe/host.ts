// SPDX-License-Identifier: Apache-2.0
// What this machine says of itself, to be compared with what is seen from inside of its containers.
import { readFileSync, readlinkSync } from 'node:fs';
import { NAMESPACES, type ProbeHost } from '../../audit/facts/probe/types.ts';

/** Null: /proc is not there. */
export function hostHere(): ProbeHost | null {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const inodes = NAMESPACES.flatMap((kind) => {
      const inode = /\[(\d+)\]/.exec(readlinkSync(`/proc/self/ns/${kind}`))?.[1];
      return inode === undefined ? [] : [[kind, Number(inode)] as const];
    });
    return { bootId, namespaces: Object.fromEntries(inodes) };
  } catch {
    return null;
  }
}
