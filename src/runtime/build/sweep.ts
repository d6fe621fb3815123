// SPDX-License-Identifier: Apache-2.0
// What builds that were killed left behind.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { listContainers, removeContainer } from '../containers/containers.ts';
import { tryLock } from '../images/lock.ts';
import type { StorePaths, StoreRoots } from '../images/roots.ts';

/** Where secrets and sockets of steps are. */
export const stepsDirectory = (roots: StoreRoots): string => join(roots.run, 'build');

const STEP = /^build-[0-9a-f]{12}$/;

/** The plan of a step lies in the directory of its build, which is locked while the build lives. */
function orphaned(paths: StorePaths, name: string): boolean {
  const own = readdirSync(paths.tmp).find((entry) => existsSync(join(paths.tmp, entry, `${name}.json`)));
  if (own === undefined) return true;
  const lock = tryLock(join(paths.tmp, own));
  lock?.release();
  return lock !== undefined;
}

function sweepSecrets(roots: StoreRoots): void {
  const all = stepsDirectory(roots);
  if (!existsSync(all)) return;
  for (const name of readdirSync(all)) {
    const lock = tryLock(join(all, name));
    if (lock === undefined) continue;
    rmSync(join(all, name), { recursive: true, force: true });
    lock.release();
  }
}

/** Remove the container of a step, which may not be there. */
export async function removeStep(name: string): Promise<void> {
  try {
    await removeContainer(name, true);
  } catch (error) {
    if (!(error instanceof SecureError) || error.code !== 'NO_SUCH_CONTAINER') throw error;
  }
}

/** Remove secrets and containers of builds that are no more. */
export async function sweepBuilds(roots: StoreRoots, paths: StorePaths): Promise<void> {
  sweepSecrets(roots);
  for (const { name } of await listContainers()) {
    if (!STEP.test(name) || !orphaned(paths, name)) continue;
    await removeStep(name);
  }
}
