// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { SecureError } from '../../../errors.ts';
import { writeAll } from '../copy.ts';
import { diskError, errnoOf } from '../durable.ts';
import { checksumMatches } from './tarheader.ts';

export type Compression = 'gzip' | 'zstd' | undefined;

/** Told from the first bytes (RFC 1952; RFC 8878). */
export function compressionOf(head: Buffer): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : undefined;
}

// An archive may grow to this size whatever it was compressed from, and beyond it by this factor.
const FREE_SIZE = 1 << 30;
const RATIO_LIMIT = 200;

async function head(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(512);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}

async function store(from: AsyncIterable<Buffer>, to: FileHandle, limit: number, what: string): Promise<void> {
  let total = 0;
  for await (const chunk of from) {
    total += chunk.length;
    if (total > limit) {
      throw new SecureError(
        'LIMIT_EXCEEDED',
        `${what} unpacks to more than ${limit} bytes, far more than an archive should`,
      );
    }
    await writeAll(to, chunk);
  }
}

async function decompress(from: FileHandle, how: 'gzip' | 'zstd', path: string, what: string): Promise<FileHandle> {
  const limit = Math.max(FREE_SIZE, (await from.stat()).size * RATIO_LIMIT);
  const to = await open(path, 'wx+', 0o600);
  try {
    const stream = from.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 18 });
    const inflate = how === 'gzip' ? createGunzip() : createZstdDecompress();
    await pipeline(stream, inflate, (chunks: AsyncIterable<Buffer>) => store(chunks, to, limit, what));
    return to;
  } catch (error) {
    await to.close();
    const code = errnoOf(error) ?? '';
    if (code === 'Z_BUF_ERROR') throw new SecureError('ARCHIVE_TRUNCATED', `${what} ends early`, { cause: error });
    if (/^Z(STD)?_/.test(code))
      throw new SecureError('ARCHIVE_INVALID', `${what} is no valid ${how} file`, { cause: error });
    throw diskError(error, `unpacking ${what}`);
  }
}

/**
 * Open a tar archive, decompressed into `scratch` where it is compressed and spooled there where it comes from stdin (`-`).
 * The returned handle is the caller's to close. Throws ARCHIVE_INVALID, ARCHIVE_TRUNCATED, LIMIT_EXCEEDED or NO_SPACE.
 */
export async function openArchive(path: string, scratch: string): Promise<FileHandle> {
  const what = path === '-' ? 'stdin' : path;
  const handle =
    path === '-' ? await spool(`${scratch}.in`) : await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let result = handle;
  try {
    if (!(await handle.stat()).isFile()) {
      throw new SecureError('ARCHIVE_INVALID', `${what} is not a regular file`, {
        hint: 'pipe it in: secure image import - …',
      });
    }
    const compression = compressionOf(await head(handle));
    if (compression !== undefined) result = await decompress(handle, compression, scratch, what);
    await checkTar(result, what);
    if (result !== handle) await handle.close();
    return result;
  } catch (error) {
    if (result !== handle) await result.close();
    await handle.close();
    throw error;
  }
}

async function checkTar(handle: FileHandle, what: string): Promise<void> {
  const start = await head(handle);
  if (start.length < 512) throw new SecureError('ARCHIVE_TRUNCATED', `${what} is too short for an archive`);
  if (checksumMatches(start)) return;
  throw new SecureError('ARCHIVE_INVALID', `${what} is no tar archive`, {
    hint: 'an image is an OCI layout (directory or tar), the output of `docker save`, or a tar of a root file system',
  });
}

async function spool(path: string): Promise<FileHandle> {
  const to = await open(path, 'wx+', 0o600);
  try {
    await store(process.stdin, to, Number.MAX_SAFE_INTEGER, 'stdin');
    return to;
  } catch (error) {
    await to.close();
    throw diskError(error, 'reading stdin');
  }
}
