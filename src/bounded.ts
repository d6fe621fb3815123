// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';

/**
 * What an open file has from where it stands, or undefined when that is more than `limit` bytes. The size that the file
 * says it has does not count: it may grow, and that of /proc is 0.
 */
export function readBounded(fd: number, limit: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(limit + 1);
  let size = 0;
  for (let n = -1; n !== 0 && size <= limit; size += n) n = readSync(fd, buffer, size, buffer.length - size, null);
  return size > limit ? undefined : buffer.subarray(0, size);
}

/** The same of what a server sends. */
export async function readBodyBounded(response: Response, limit: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > limit) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
