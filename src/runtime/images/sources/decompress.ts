// SPDX-License-Identifier: Apache-2.0
// Archives as they are handed over: compressed in one of four ways, told from their first bytes. Decompressed by what cannot be made to write
// where it should not: zlib and zstd of Node, xz in WebAssembly, bzip2 in JavaScript.
import { read, readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type Bunzip from 'seek-bzip';
import { SecureError } from '../../../errors.ts';
import { writeAll } from '../copy.ts';
import { diskError, errnoOf } from '../durable.ts';

export type ArchiveCompression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

// RFC 1952; RFC 8878; tukaani.org/xz/xz-file-format.txt 2.1.1.1; of bzip2 its name and a block size, then the digits of pi of a block, or
// those of its square root at the end, as hexadecimal.
const MAGIC: readonly (readonly [ArchiveCompression, string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a683[1-9](?:314159265359|177245385090)'],
];

export function archiveCompression(head: Buffer): ArchiveCompression | undefined {
  const text = head.toString('hex', 0, 16);
  return MAGIC.find(([, magic]) => new RegExp(`^${magic}`).test(text))?.[0];
}

// An archive may grow to this size whatever it was compressed from, and beyond it by this factor.
const FREE_SIZE = 1 << 30;
const RATIO_LIMIT = 200;

function tooLarge(what: string, limit: number): SecureError {
  return new SecureError(
    'LIMIT_EXCEEDED',
    `${what} unpacks to more than ${limit} bytes, far more than an archive should`,
  );
}

/** Write all of it. @throws SecureError LIMIT_EXCEEDED when there is more than `limit` */
export async function spoolTo(from: AsyncIterable<Buffer>, to: FileHandle, limit: number, what: string): Promise<void> {
  let total = 0;
  for await (const chunk of from) {
    total += chunk.length;
    if (total > limit) throw tooLarge(what, limit);
    await writeAll(to, chunk);
  }
}

const CHUNK = 1 << 18;
const readAt = promisify(read);

/** The library reads and writes byte by byte. Each stream of several in one file is an archive's, as bzip2 has it. */
function bunzip(library: typeof Bunzip, from: number, to: FileHandle, limit: number, what: string): void {
  const [input, output] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
  let [position, filled, next, used, total] = [0, 0, 0, 0, 0];
  const more = () => {
    if (next < filled) return true;
    filled = readSync(from, input, 0, CHUNK, position);
    position += filled;
    next = 0;
    return filled > 0;
  };
  const flush = () => {
    total += used;
    if (total > limit) throw tooLarge(what, limit);
    for (let done = 0; done < used; ) done += writeSync(to.fd, output, done, used - done);
    used = 0;
  };
  const readByte = () => {
    if (!more()) throw new SecureError('ARCHIVE_TRUNCATED', `${what} ends early`);
    next += 1;
    return input[next - 1] as number;
  };
  const source = {
    readByte,
    // Of the end of a header and of a block's tables, which may stand at the end of the file.
    read(buffer: Uint8Array, start: number, length: number) {
      for (let i = 0; i < length; i += 1) buffer[start + i] = readByte();
      return length;
    },
    eof: () => !more(),
  };
  const writeByte = (byte: number) => {
    output[used] = byte;
    used += 1;
    if (used === CHUNK) flush();
  };
  library.decode(source, { writeByte, flush() {} }, true);
  flush();
}

type XzModule = typeof import('xz-decompress');

/** Not a stream of node:fs, which closes the descriptor when it is destroyed whatever it was told. */
async function* readFrom(fd: number): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await readAt(fd, chunk, 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

async function* unxz(Xz: XzModule['XzReadableStream'], from: Readable): AsyncGenerator<Buffer> {
  const plain = new Xz(Readable.toWeb(from) as globalThis.ReadableStream<Uint8Array>);
  // What it hands out is memory of its own that it writes to again.
  for await (const chunk of plain as unknown as ReadableStream<Uint8Array>) yield Buffer.from(chunk);
}

/**
 * Decompress a file into another one.
 * @param from descriptor, read from its start; stays open
 * @param free bytes that it may grow to whatever its size
 * @throws SecureError ARCHIVE_INVALID, ARCHIVE_TRUNCATED, LIMIT_EXCEEDED, NO_SPACE
 */
export async function decompressTo(
  from: { readonly fd: number; readonly size: number },
  to: FileHandle,
  how: ArchiveCompression,
  what: string,
  free = FREE_SIZE,
): Promise<void> {
  const limit = Math.max(free, from.size * RATIO_LIMIT);
  const stream = () => Readable.from(readFrom(from.fd), { objectMode: false });
  // Both are CommonJS, whose names a bundle has in another place than Node.
  const xz = how === 'xz' ? await import('xz-decompress') : undefined;
  const bzip2 = how === 'bzip2' ? (await import('seek-bzip')).default : undefined;
  const store = (chunks: AsyncIterable<Buffer>) => spoolTo(chunks, to, limit, what);
  try {
    if (bzip2 !== undefined) bunzip(bzip2, from.fd, to, limit, what);
    else if (xz !== undefined)
      await store(unxz(((xz as { default?: XzModule }).default ?? xz).XzReadableStream, stream()));
    else await pipeline(stream(), how === 'gzip' ? createGunzip() : createZstdDecompress(), store);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'Z_BUF_ERROR') throw new SecureError('ARCHIVE_TRUNCATED', `${what} ends early`, { cause: error });
    if (/^Z(STD)?_/.test(code) || ((how === 'xz' || how === 'bzip2') && !(error instanceof SecureError) && code === ''))
      throw new SecureError('ARCHIVE_INVALID', `${what} is no valid ${how} file`, { cause: error });
    throw diskError(error, `unpacking ${what}`);
  }
}
