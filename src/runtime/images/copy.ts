// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { hasher } from './digest.ts';
import { diskError, errnoOf } from './durable.ts';
import { type Bytes, slice } from './sources/bytes.ts';

/** All of it, at the file's position. */
export async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

/** Copy into a new file, hash on the way, and make it durable. `also` gets every part. Returns the digest. */
export async function copyTo(
  path: string,
  source: Bytes,
  expected: string | undefined,
  also?: (chunk: Buffer) => Promise<void>,
): Promise<string> {
  const { hash, finish } = hasher(expected);
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source.chunks()) {
      const shared = also?.(chunk);
      hash.update(chunk);
      await writeAll(file, chunk);
      await shared;
    }
    await file.sync();
  } catch (error) {
    throw diskError(error, `writing ${path}`);
  } finally {
    await file.close();
  }
  return finish();
}

/** Read an open file from its start, without moving its position, and compare. */
export async function fileMatches(file: FileHandle, digest: string): Promise<boolean> {
  const { hash, finish } = hasher(digest);
  for await (const chunk of slice(file, 0, (await file.stat()).size).chunks()) hash.update(chunk);
  return finish() === digest;
}

/** A blob of the store or of a stage, or undefined where there is none. */
export async function openBlob(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
