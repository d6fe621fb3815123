// SPDX-License-Identifier: Apache-2.0
import { readSync } from 'node:fs';

/** The next bytes at a descriptor's position; empty at the end. */
export function readChunk(fd: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, null));
}
