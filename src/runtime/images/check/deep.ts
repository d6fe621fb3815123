// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { openBlob } from '../copy.ts';
import { diskError } from '../durable.ts';
import { extractLayer } from '../extract.ts';
import { type Lock, tryLock } from '../lock.ts';
import { removeTree } from '../remove-tree.ts';
import type { StorePaths } from '../roots.ts';
import { firstDifference } from './trees.ts';

/**
 * Unpack a layer's blob once more, beside the store, and compare. Returns what differs. `blob` was verified; `store` is the
 * store lock, which the extractor holds too.
 */
export async function compareLayer(
  paths: StorePaths,
  store: Lock,
  diffId: string,
  blob: string,
): Promise<string | undefined> {
  const work = join(paths.tmp, `check-${randomBytes(8).toString('hex')}`);
  const root = join(work, 'root');
  await mkdir(work, { mode: 0o700 });
  const own = tryLock(work);
  const file = await openBlob(paths.blob(blob));
  try {
    await mkdir(root);
    await chmod(root, 0o755);
    if (file === undefined) return 'its blob is gone';
    await extractLayer(file.fd, root, diffId, own === undefined ? [store.fd] : [own.fd, store.fd]);
    const different = firstDifference(join(paths.layer(diffId), 'root'), root);
    return different === undefined ? undefined : `/${different.toString('utf8')} is not what its blob unpacks to`;
  } catch (error) {
    // The blob has its digest, and unpacks to something else than this layer.
    if (error instanceof SecureError && error.code === 'DIGEST_MISMATCH') return error.message;
    throw diskError(error, `unpacking layer ${diffId}`);
  } finally {
    await file?.close();
    await removeTree(work);
    own?.release();
  }
}
