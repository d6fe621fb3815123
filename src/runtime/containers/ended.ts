// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../inputs.ts';
import { findContainer, isLive } from './containers.ts';

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const ASK_MS = 2000;

/**
 * Whether a container will never write again. `exit.json` is the monitor's last act; a monitor that was killed leaves none,
 * so every two seconds secure-runtime is asked whether anybody is left.
 */
export function endWatcher(id: string, directory: string): () => Promise<boolean> {
  let asked = Date.now();
  return async () => {
    if ((await exists(join(directory, 'exit.json'))) || !(await exists(directory))) return true;
    if (Date.now() - asked < ASK_MS) return false;
    asked = Date.now();
    try {
      const container = await findContainer(id);
      return container.status !== 'created' && !isLive(container);
    } catch {
      return true;
    }
  };
}
