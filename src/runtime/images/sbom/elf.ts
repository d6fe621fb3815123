// SPDX-License-Identifier: Apache-2.0
// Sections of an ELF file by their names (elf(5)). The file is an image's: each number in it may be any.
import { readSync } from 'node:fs';

const SECTIONS = 512;
const NAMES = 64 << 10;

interface Section {
  readonly name: number;
  readonly offset: number;
  readonly size: number;
}

/** Exactly these bytes; undefined: the file ends before. */
function read(fd: number, offset: number, size: number): Buffer | undefined {
  const buffer = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const n = readSync(fd, buffer, done, size - done, offset + done);
    if (n === 0) return undefined;
    done += n;
  }
  return buffer;
}

/** A position in a file; -1: none that a number here can hold. */
function position(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : -1;
}

function sections(fd: number): { all: Section[]; names: number } | undefined {
  const header = read(fd, 0, 64);
  // 64 bits, little-endian: what containers of our platforms have.
  if (header === undefined || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    return undefined;
  const [offset, size] = [position(header.readBigUInt64LE(0x28)), header.readUInt16LE(0x3a)];
  const [count, names] = [header.readUInt16LE(0x3c), header.readUInt16LE(0x3e)];
  if (offset <= 0 || size < 64 || size > 256 || count > SECTIONS || names >= count) return undefined;
  const table = read(fd, offset, size * count);
  if (table === undefined) return undefined;
  const all = Array.from({ length: count }, (_, i) => {
    const at = i * size;
    return {
      name: table.readUInt32LE(at),
      offset: position(table.readBigUInt64LE(at + 0x18)),
      size: position(table.readBigUInt64LE(at + 0x20)),
    };
  });
  return { all, names };
}

/** The content of the first section of each name, of at most `limit` bytes; others are not in the answer. */
export function elfSections(fd: number, wanted: readonly string[], limit: number): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const table = sections(fd);
  const strings = table?.all[table.names];
  if (table === undefined || strings === undefined || strings.offset < 0 || strings.size < 0) return found;
  const names = read(fd, strings.offset, Math.min(strings.size, NAMES));
  if (names === undefined) return found;
  for (const { name, offset, size } of table.all) {
    const end = names.indexOf(0, Math.min(name, names.length));
    const text = end < 0 ? '' : names.toString('latin1', name, end);
    if (!wanted.includes(text) || found.has(text) || offset < 0 || size < 0 || size > limit) continue;
    const content = read(fd, offset, size);
    if (content !== undefined) found.set(text, content);
  }
  return found;
}
