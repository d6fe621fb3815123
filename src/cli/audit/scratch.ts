// SPDX-License-Identifier: Apache-2.0
// A store for as long as something is looked at that is not to be kept.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tryLock } from '../../runtime/images/lock.ts';
import { removeTree } from '../../runtime/images/remove-tree.ts';
import { ImageStore } from '../../runtime/images/store.ts';

/**
 * Below tmp/ of a store, where a prune finds what a killed process leaves: nothing there is visible to anybody else.
 * @throws what `action` throws, and everything of opening a store
 */
export async function inScratchStore<T>(store: ImageStore, action: (scratch: ImageStore) => Promise<T>): Promise<T> {
  const work = join(store.paths.tmp, `audit-${randomBytes(8).toString('hex')}`);
  mkdirSync(work, { mode: 0o700 });
  const own = tryLock(work);
  try {
    return await action(await ImageStore.open({ state: join(work, 'state'), run: join(work, 'run') }, store.onEvent));
  } finally {
    await removeTree(work);
    own?.release();
  }
}
