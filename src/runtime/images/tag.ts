// SPDX-License-Identifier: Apache-2.0
import { lockFile } from './lock.ts';
import { type ImageRecord, writeRecords } from './records.ts';
import { formatReference, parseNewName } from './reference.ts';
import type { ImageStore } from './store.ts';

/**
 * Give an image further names; a short one is below `localhost/`. A name that another image has is taken from it. The image stays
 * what it is: the origin, which policies look at, comes along. No name is given when one of them cannot be.
 * @throws SecureError IMAGE_NOT_FOUND, REFERENCE_INVALID, NO_SPACE
 */
export async function tagImage(store: ImageStore, source: string, targets: readonly string[]): Promise<ImageRecord[]> {
  const references = [...new Set(targets.map((target) => formatReference(parseNewName(target))))];
  // A removal between the look-up and the last record would take the content away.
  const lock = await lockFile(store.paths.lock, false);
  try {
    const { record } = await store.resolve(source);
    const records = references.map((reference) => ({ ...record, reference }));
    await writeRecords(store.paths, records, async () => {});
    return records;
  } finally {
    lock.release();
  }
}
