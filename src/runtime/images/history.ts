// SPDX-License-Identifier: Apache-2.0
// How an image came to be, by its own account (image-spec "Image Configuration", history).
import { existsSync } from 'node:fs';
import { JsonObject } from './oci/json.ts';
import { readLayer } from './read.ts';
import type { ImageRecord } from './records.ts';
import type { ImageStore } from './store.ts';

/** One step. All texts are whatever the image's maker wrote. */
export interface HistoryEntry {
  /** RFC 3339 where the maker is honest. */
  readonly created: string | null;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  readonly layer: HistoryLayer | null;
}

export interface HistoryLayer {
  readonly diffId: string;
  readonly digest: string;
  /** Bytes as stored. */
  readonly size: number;
  /** Bytes of the layer as a tar archive; null while it is not unpacked here. */
  readonly unpacked: number | null;
}

/** More than layers, since most steps of a build change no file. */
const ENTRY_LIMIT = 10_000;

/**
 * The steps of an image, newest first. A history may name fewer or more layers than there are: no layer is left out, those that no
 * step accounts for come first, and a step for which there is none has none.
 * @throws SecureError IMAGE_NOT_FOUND, STORE_CORRUPT, CONFIG_CORRUPT when the history is not of the specified form
 */
export async function imageHistory(
  store: ImageStore,
  text: string,
): Promise<{ record: ImageRecord; history: HistoryEntry[] }> {
  const { record, manifest, config, raw } = await store.inspect(text);
  const layers: HistoryLayer[] = [];
  for (const [i, { digest, size }] of manifest.layers.entries()) {
    const diffId = config.diffIds[i] ?? '';
    const unpacked = existsSync(store.paths.layer(diffId)) ? (await readLayer(store.paths, diffId)).bytes : null;
    layers.push({ diffId, digest, size, unpacked });
  }
  const document = JsonObject.parse(raw.config, 'CONFIG_CORRUPT', record.reference);
  const steps = document.has('history') ? document.objects('history', ENTRY_LIMIT) : [];
  const history = steps.map((step): HistoryEntry => {
    const empty = step.has('empty_layer') && step.boolean('empty_layer');
    return {
      created: step.string('created', '') || null,
      createdBy: step.string('created_by', ''),
      author: step.string('author', ''),
      comment: step.string('comment', ''),
      layer: empty ? null : (layers.shift() ?? null),
    };
  });
  const untold = layers.map((layer) => ({ created: null, createdBy: '', author: '', comment: '', layer }));
  return { record, history: [...history, ...untold].reverse() };
}
