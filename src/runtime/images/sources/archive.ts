// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SecureError } from '../../../errors.ts';
import { diskError } from '../durable.ts';
import { type ArchiveCompression, archiveCompression, decompressTo, spoolTo } from './decompress.ts';
import { checksumMatches } from './tarheader.ts';

export type Compression = 'gzip' | 'zstd' | undefined;

/** Of a layer's blob, told from its first bytes. */
export function compressionOf(head: Buffer): Compression {
  const found = archiveCompression(head);
  return found === 'gzip' || found === 'zstd' ? found : undefined;
}

async function head(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(512);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}

async function decompress(from: FileHandle, how: ArchiveCompression, path: string, what: string): Promise<FileHandle> {
  const to = await open(path, 'wx+', 0o600);
  try {
    await decompressTo({ fd: from.fd, size: (await from.stat()).size }, to, how, what);
    return to;
  } catch (error) {
    await to.close();
    throw error;
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
    const compression = archiveCompression(await head(handle));
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
    await spoolTo(process.stdin, to, Number.MAX_SAFE_INTEGER, 'stdin');
    return to;
  } catch (error) {
    await to.close();
    throw diskError(error, 'reading stdin');
  }
}
