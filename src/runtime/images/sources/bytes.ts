// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';
import { SecureError } from '../../../errors.ts';

/** A run of bytes whose length is known before it is read. Reading may be repeated. */
export interface Bytes {
  /** Bytes. */
  readonly size: number;
  chunks(): AsyncIterable<Buffer>;
}

/** Something that holds named files: a layout directory or an archive. */
export interface Source {
  /** For messages. */
  readonly what: string;
  /** A regular file by its path inside the source; undefined when there is none. */
  find(path: string): Promise<Bytes | undefined>;
  close(): Promise<void>;
}

const CHUNK = 1 << 20;

/** A part of an open file. Reads by position, so that several readers share one handle. */
export function slice(handle: FileHandle, start: number, size: number): Bytes {
  return {
    size,
    async *chunks() {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(size, 1)));
      for (let done = 0; done < size; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - done), start + done);
        if (bytesRead === 0) throw new SecureError('ARCHIVE_TRUNCATED', `the file ends ${size - done} bytes early`);
        done += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
  };
}

export function fromBuffer(data: Buffer): Bytes {
  return {
    size: data.length,
    async *chunks() {
      yield data;
    },
  };
}

/** Read all of it; more than `limit` bytes is LIMIT_EXCEEDED before anything is read. */
export async function readAll(bytes: Bytes, limit: number, what: string): Promise<Buffer> {
  if (bytes.size > limit) throw new SecureError('LIMIT_EXCEEDED', `${what} is larger than ${limit} bytes`);
  const parts: Buffer[] = [];
  for await (const chunk of bytes.chunks()) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}
