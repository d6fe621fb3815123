// SPDX-License-Identifier: Apache-2.0
// One table of a SQLite database (sqlite.org/fileformat2.html), with what its write-ahead log adds. Read here, since the file is an image's
// and its reader is root: a number that lies ends in Damaged.
import { Damaged } from './header.ts';

/** Trees of four billion pages are less deep. */
const DEPTH = 20;
/** Rows; a system has some thousand packages. */
const ROWS = 200_000;
/** Bytes of one row: the header of a kernel with all names of files has 2 MiB. */
const ROW = 64 << 20;

type Value = string | number | Buffer | null;

class Database {
  readonly #file: Buffer;
  readonly #pageSize: number;
  readonly #usable: number;
  /** Pages of the log, by number. */
  readonly #logged: ReadonlyMap<number, Buffer>;
  #pages = 0;
  #rows = 0;

  constructor(file: Buffer, log: Buffer) {
    if (file.length < 512 || file.toString('latin1', 0, 16) !== 'SQLite format 3\0')
      throw new Damaged('it is no SQLite database');
    const size = file.readUInt16BE(16);
    this.#pageSize = size === 1 ? 65_536 : size;
    if (this.#pageSize < 512 || (this.#pageSize & (this.#pageSize - 1)) !== 0)
      throw new Damaged('its pages have no size');
    this.#usable = this.#pageSize - (file[20] ?? 0);
    if (this.#usable < 480) throw new Damaged('its pages have no size');
    this.#file = file;
    this.#logged = loggedPages(log, this.#pageSize);
  }

  #page(number: number): Buffer {
    this.#pages += 1;
    // Each page belongs to one place of one tree: more is a circle.
    if (this.#pages > this.#file.length / this.#pageSize + this.#logged.size + ROWS)
      throw new Damaged('its pages go in circles');
    const logged = this.#logged.get(number);
    if (logged !== undefined) return logged;
    const at = (number - 1) * this.#pageSize;
    if (number < 1 || at + this.#pageSize > this.#file.length) throw new Damaged('a page is not in it');
    return this.#file.subarray(at, at + this.#pageSize);
  }

  /** Rows of the table whose tree begins at a page. */
  *rows(root: number, depth = 0): Generator<Value[]> {
    if (depth > DEPTH) throw new Damaged('its pages go in circles');
    const page = this.#page(root);
    const head = root === 1 ? 100 : 0;
    const [type, cells] = [page[head], page.readUInt16BE(head + 3)];
    const interior = type === 5;
    if (!interior && type !== 13) throw new Damaged('a page is none of a table');
    const first = head + (interior ? 12 : 8);
    if (first + cells * 2 > this.#usable) throw new Damaged('a page has more than it holds');
    for (let i = 0; i < cells; i += 1) {
      const at = page.readUInt16BE(first + i * 2);
      if (at + 4 > this.#usable) throw new Damaged('a cell is not in its page');
      if (interior) yield* this.rows(page.readUInt32BE(at), depth + 1);
      else {
        this.#rows += 1;
        if (this.#rows > ROWS) throw new Damaged('it has more rows than are read');
        yield record(this.#payload(page, at));
      }
    }
    if (interior) yield* this.rows(page.readUInt32BE(head + 8), depth + 1);
  }

  /** What a cell of a leaf holds, with what overflows into other pages. */
  #payload(page: Buffer, at: number): Buffer {
    const [length, afterLength] = varint(page, at);
    const [, start] = varint(page, afterLength);
    if (length > ROW) throw new Damaged('a row is too large');
    const most = this.#usable - 35;
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const kept = least + ((length - least) % (this.#usable - 4));
    const local = length <= most ? length : kept <= most ? kept : least;
    if (start + local > this.#usable) throw new Damaged('a row is not in its page');
    const parts = [page.subarray(start, start + local)];
    let next = local < length ? page.readUInt32BE(start + local) : 0;
    for (let left = length - local; left > 0; ) {
      const overflow = this.#page(next);
      const part = overflow.subarray(4, 4 + Math.min(left, this.#usable - 4));
      parts.push(part);
      left -= part.length;
      next = overflow.readUInt32BE(0);
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }
}

/** Pages up to the last commit of a write-ahead log, whose frames have the salts of its header. */
function loggedPages(log: Buffer, pageSize: number): Map<number, Buffer> {
  const committed = new Map<number, Buffer>();
  if (log.length < 32 || (log.readUInt32BE(0) & ~1) !== 0x377f0682 || log.readUInt32BE(8) !== pageSize)
    return committed;
  const salts = log.subarray(16, 24);
  const open = new Map<number, Buffer>();
  for (let at = 32; at + 24 + pageSize <= log.length; at += 24 + pageSize) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    open.set(log.readUInt32BE(at), log.subarray(at + 24, at + 24 + pageSize));
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [number, page] of open) committed.set(number, page);
    open.clear();
  }
  return committed;
}

/** A variable-length integer and where it ends; those above 2^53 are lengths that lie. */
function varint(data: Buffer, at: number): [number, number] {
  let value = 0;
  for (let i = 0; i < 9; i += 1) {
    const byte = data[at + i];
    if (byte === undefined) break;
    if (i === 8) return [value * 256 + byte, at + 9];
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  throw new Damaged('a number has no end');
}

/** Bytes of integers by their serial type. */
const INTEGERS = [0, 1, 2, 3, 4, 6, 8];

function record(payload: Buffer): Value[] {
  const [headerLength, first] = varint(payload, 0);
  const found: Value[] = [];
  let at = headerLength;
  for (let here = first; here < headerLength; ) {
    const [type, next] = varint(payload, here);
    here = next;
    const size = type >= 12 ? Math.floor((type - 12) / 2) : type === 7 ? 8 : (INTEGERS[type] ?? 0);
    if (at + size > payload.length) throw new Damaged('a value is not in its row');
    const value = payload.subarray(at, at + size);
    at += size;
    if (type >= 12) found.push(type % 2 === 0 ? value : value.toString('utf8'));
    else if (type === 0 || type > 9) found.push(null);
    else if (type >= 8) found.push(type - 8);
    // Only page numbers and row ids are of interest, and those are small.
    else found.push(size > 0 && size <= 6 && type !== 7 ? value.readIntBE(0, size) : null);
  }
  return found;
}

/**
 * Headers of rpmdb.sqlite.
 * @param log its write-ahead log, empty where there is none
 * @throws Damaged
 */
export function sqliteBlobs(file: Buffer, log: Buffer): Buffer[] {
  const database = new Database(file, log);
  let root: number | undefined;
  for (const [type, name, , page] of database.rows(1))
    if (type === 'table' && name === 'Packages' && typeof page === 'number') root = page;
  if (root === undefined) throw new Damaged('it has no table of packages');
  const blobs: Buffer[] = [];
  for (const [, blob] of database.rows(root)) {
    if (!Buffer.isBuffer(blob)) throw new Damaged('a package has no header');
    blobs.push(blob);
  }
  return blobs;
}
