// SPDX-License-Identifier: Apache-2.0
// How layers that are made here are stored, and so sent: compressed once, so that an image has one digest, here and in every registry.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { LAYER_TAR } from '../oci/mediatypes.ts';

/** Every engine reads gzip; zstd is smaller and faster, for docker since 23, containerd since 1.5, podman since 3. */
export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const mediaTypeOf = (compression: Compression): string =>
  compression === 'none' ? LAYER_TAR : `${LAYER_TAR}+${compression}`;

const CHUNK = 256 << 10;

// Levels: the next ones cost twice the time for 3 % of the size. They are part of what gives equal input an equal digest.
const packers = {
  gzip: () => createGzip({ level: 1, chunkSize: CHUNK }),
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 }, chunkSize: CHUNK }),
};

/** Headers and small files together: a step of a stream costs more than compressing them. Copied, since parts may be of a buffer that is used again. */
async function* batched(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  for await (const part of parts) {
    for (let done = 0; done < part.length; ) {
      const count = part.copy(batch, used, done);
      done += count;
      used += count;
      if (used < CHUNK) continue;
      yield batch;
      batch = Buffer.allocUnsafe(CHUNK);
      used = 0;
    }
  }
  if (used > 0) yield batch.subarray(0, used);
}

/** A plain archive as it is stored. An error of `archive` is the result's. */
export async function* pack(archive: AsyncIterable<Buffer>, compression: Compression): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* batched(archive);
    return;
  }
  const packer = packers[compression]();
  const fed = pipeline(Readable.from(batched(archive), { objectMode: false }), packer);
  // Reading fails with the same error.
  fed.catch(() => undefined);
  for await (const chunk of packer) yield chunk as Buffer;
  await fed;
}
