// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { lockFile } from '../lock.ts';
import { readImage } from '../read.ts';
import type { ImageRecord } from '../records.ts';
import type { ImageStore } from '../store.ts';
import { TAR_END, tarHeader, tarPadding } from '../tar-writer.ts';
import { toDirectory, toFile, type Write } from './destination.ts';
import { dockerMembers, type Image, layoutMembers, type Member } from './members.ts';

export const SAVE_FORMATS = ['docker-archive', 'oci-archive', 'oci-dir'] as const;
export type SaveFormat = (typeof SAVE_FORMATS)[number];

export interface SaveOptions {
  readonly format: SaveFormat;
  /** A path, or where the bytes of an archive go. */
  readonly to: string | Write;
  readonly signal?: AbortSignal;
}

async function pour(content: Member, write: Write, signal: AbortSignal | undefined): Promise<void> {
  let size = 0;
  for await (const chunk of content.chunks()) {
    signal?.throwIfAborted();
    size += chunk.length;
    // A reader of the archive would take what is too much for the next header.
    if (size > content.size) break;
    await write(chunk);
  }
  if (size === content.size) return;
  throw new SecureError(
    'STORE_CORRUPT',
    `${content.path} does not have the ${content.size} bytes that it should have`,
    {
      hint: 'see what is damaged with `secure system check`',
    },
  );
}

async function pack(members: readonly Member[], write: Write, signal: AbortSignal | undefined): Promise<void> {
  const made = new Set<string>();
  for (const content of members) {
    // Some readers want the directories too.
    for (let at = content.path.indexOf('/'); at >= 0; at = content.path.indexOf('/', at + 1)) {
      const path = content.path.slice(0, at + 1);
      if (made.has(path)) continue;
      made.add(path);
      await write(tarHeader({ path: Buffer.from(path), type: '5', mode: 0o755 }));
    }
    await write(tarHeader({ path: Buffer.from(content.path), type: '0', mode: 0o644, size: content.size }));
    await pour(content, write, signal);
    await write(tarPadding(content.size));
  }
  await write(TAR_END);
}

/** Each name once, in the same order however they were given. */
async function find(store: ImageStore, texts: readonly string[]): Promise<Image[]> {
  const found = new Map<string, Image>();
  for (const text of texts) {
    const { record } = await store.resolve(text);
    found.set(record.reference, { record, ...(await readImage(store.paths, record)) });
  }
  return [...found.values()].sort((a, b) => (a.record.reference < b.record.reference ? -1 : 1));
}

/**
 * Write images to an archive or directory. The same images give the same bytes. Every blob is verified on the way; a file or
 * directory appears only when all of it was right. Memory does not grow with the images.
 * @throws SecureError IMAGE_NOT_FOUND, STORE_CORRUPT, OUTPUT_REFUSED, NO_SPACE; the reason of `signal`
 */
export async function saveImages(
  store: ImageStore,
  texts: readonly string[],
  { format, to, signal }: SaveOptions,
): Promise<ImageRecord[]> {
  // Nothing that is read here is removed meanwhile.
  const lock = await lockFile(store.paths.lock, false);
  try {
    const images = await find(store, texts);
    const members =
      format === 'docker-archive' ? await dockerMembers(store.paths, images) : layoutMembers(store.paths, images);
    if (format === 'oci-dir') {
      if (typeof to !== 'string') throw new SecureError('OUTPUT_REFUSED', 'a directory cannot be written to a stream');
      await toDirectory(to, async (add) => {
        for (const content of members) await add(content.path, (write) => pour(content, write, signal));
      });
    } else if (typeof to === 'string') await toFile(to, (write) => pack(members, write, signal));
    else await pack(members, to, signal);
    return images.map(({ record }) => record);
  } finally {
    lock.release();
  }
}
