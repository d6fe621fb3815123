// SPDX-License-Identifier: Apache-2.0
// The bill of materials of an image of the store.
import { keptContent } from '../artifacts/kept.ts';
import { lockFile } from '../lock.ts';
import { readImage } from '../read.ts';
import type { ImageRecord } from '../records.ts';
import type { ImageStore } from '../store.ts';
import { CYCLONEDX, cycloneDx } from './cyclonedx.ts';
import { keptLanguages } from './kept.ts';
import { readInventory } from './read.ts';
import { SPDX, spdx } from './spdx.ts';

const FORMATS = {
  cyclonedx: { mediaType: CYCLONEDX, write: cycloneDx },
  spdx: { mediaType: SPDX, write: spdx },
} as const;
export type SbomFormat = keyof typeof FORMATS;
export const SBOM_FORMATS = Object.keys(FORMATS) as SbomFormat[];

export interface ImageSbom {
  readonly record: ImageRecord;
  /** JSON. */
  readonly text: string;
  /** `attached`: written when the image was built here; `layers`: read from its layers just now. */
  readonly from: 'attached' | 'layers';
  /** Databases of packages that cannot be read, so that the document lacks theirs. */
  readonly unread: readonly string[];
}

/**
 * What was written when the image was built, else what the package databases in its layers say, which are unpacked first where they are not.
 * @throws SecureError IMAGE_NOT_FOUND, STORE_CORRUPT, LIMIT_EXCEEDED and those of unpacking
 */
export async function imageSbom(store: ImageStore, reference: string, format: SbomFormat): Promise<ImageSbom> {
  const { record } = await store.resolve(reference);
  const facts = await store.factsOf(record);
  const { mediaType, write } = FORMATS[format];
  const lock = await lockFile(store.paths.lock, false);
  try {
    const attached = await keptContent(store.paths, record.digest, mediaType);
    if (attached !== undefined) return { record, text: attached.toString('utf8'), from: 'attached', unread: [] };
    const directories = facts.layers.map(({ path }) => path);
    const inventory = readInventory(directories, await keptLanguages(store.paths, facts.layers));
    const { config } = await readImage(store.paths, record);
    const created = Date.parse(config.created ?? '');
    const subject = {
      name: record.reference,
      digest: record.digest,
      created: new Date(Number.isFinite(created) ? created : 0).toISOString(),
    };
    return { record, text: write(inventory, subject), from: 'layers', unread: inventory.unread ?? [] };
  } finally {
    lock.release();
  }
}
