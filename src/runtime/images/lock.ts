// SPDX-License-Identifier: Apache-2.0
// flock(2) through the native addon. A lock belongs to an open file and dies with the process, however it ends.
import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { flock } from '../../native.ts';

export interface Lock {
  /** Stays valid until `release`; may be handed to a child, which then holds the lock too. */
  readonly fd: number;
  release(): void;
}

function openForLock(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
}

function held(fd: number): Lock {
  let open = true;
  return {
    fd,
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Lock a file, made when it does not exist. Waits in small steps, so that the process stays responsive to signals. */
export async function lockFile(path: string, exclusive: boolean): Promise<Lock> {
  const fd = openForLock(path);
  try {
    for (let wait = 2; !flock(fd, exclusive, false); wait = Math.min(wait * 2, 100)) await delay(wait);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return held(fd);
}

/** Lock an existing file or directory, or undefined when somebody holds it. */
export function tryLock(path: string): Lock | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if (flock(fd, true, false)) return held(fd);
  closeSync(fd);
  return undefined;
}
