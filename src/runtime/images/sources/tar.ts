// SPDX-License-Identifier: Apache-2.0
// The table of contents of a tar archive that carries a layout. Nothing is ever written by the names in it; image content goes
// through the native extractor only.
import type { FileHandle } from 'node:fs/promises';
import { SecureError } from '../../../errors.ts';
import { type Bytes, type Source, slice } from './bytes.ts';
import { type Header, isZeroBlock, parseHeader, parsePax } from './tarheader.ts';

const BLOCK = 512;
const ENTRY_LIMIT = 100_000;
const META_LIMIT = 1 << 20;
const LINK_DEPTH = 8;

type Entry = { readonly start: number; readonly size: number } | { readonly link: string } | 'duplicate';

/** `./a//b/` and `a/b` are the same name; `..` is resolved inside the archive and cannot leave it. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Index a tar file. Throws ARCHIVE_INVALID, ARCHIVE_TRUNCATED or LIMIT_EXCEEDED. */
async function index(handle: FileHandle, size: number, what: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const invalid = (problem: string, at: number) =>
    new SecureError('ARCHIVE_INVALID', `${what}: ${problem} (at byte ${at})`);
  const read = async (at: number, length: number) => {
    if (at + length > size) throw new SecureError('ARCHIVE_TRUNCATED', `${what} ends inside an entry (at byte ${at})`);
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, at);
    return buffer;
  };
  let next: { path?: string; link?: string; size?: number } = {};
  for (let at = 0, count = 0; at < size; count++) {
    if (count > ENTRY_LIMIT) throw new SecureError('LIMIT_EXCEEDED', `${what} has more than ${ENTRY_LIMIT} entries`);
    const block = await read(at, BLOCK);
    if (isZeroBlock(block)) break;
    const header = parseHeader(block);
    if (typeof header === 'string') throw invalid(header, at);
    const start = at + BLOCK;
    const meta = 'xgLK'.includes(header.type);
    const length = meta ? header.size : (next.size ?? header.size);
    if (start + length > size) throw new SecureError('ARCHIVE_TRUNCATED', `${what} ends inside ${header.path}`);
    if (meta) {
      if (length > META_LIMIT) throw new SecureError('LIMIT_EXCEEDED', `${what}: extended header of ${length} bytes`);
      next = { ...next, ...readMeta(header, await read(start, length), (problem) => invalid(problem, at)) };
    } else {
      const path = next.path ?? header.path;
      add(entries, path, entryOf(header.type, path, start, length, next.link ?? header.link));
      next = {};
    }
    at = start + Math.ceil(length / BLOCK) * BLOCK;
  }
  return entries;
}

function readMeta(header: Header, data: Buffer, invalid: (problem: string) => SecureError) {
  const text = () => data.toString('utf8').replace(/\0.*$/s, '');
  if (header.type === 'L') return { path: text() };
  if (header.type === 'K') return { link: text() };
  if (header.type === 'g') return {};
  const pax = parsePax(data);
  if (pax === undefined) throw invalid('a PAX header is malformed');
  return pax;
}

function entryOf(type: string, path: string, start: number, size: number, link: string): Entry | undefined {
  if (type === '0' || type === '7') return { start, size };
  // docker save writes a layer that occurs twice as a symbolic link; a hard link counts from the archive's root.
  if (type === '2') return { link: `${path}/../${link}` };
  if (type === '1') return { link };
  return undefined;
}

function add(entries: Map<string, Entry>, path: string, entry: Entry | undefined): void {
  if (entry === undefined) return;
  const name = normalise(path);
  entries.set(name, entries.has(name) ? 'duplicate' : entry);
}

/** Open an uncompressed archive as a source of files; the caller keeps the handle open and closes it. */
export async function openTar(handle: FileHandle, what: string): Promise<Source> {
  const entries = await index(handle, (await handle.stat()).size, what);
  const find = (path: string, depth: number): Bytes | undefined => {
    const entry = entries.get(normalise(path));
    if (entry === undefined) return undefined;
    if (entry === 'duplicate') throw new SecureError('ARCHIVE_INVALID', `${what} has two entries named ${path}`);
    if ('start' in entry) return slice(handle, entry.start, entry.size);
    if (depth === 0) throw new SecureError('ARCHIVE_INVALID', `${what}: too many links at ${path}`);
    return find(entry.link, depth - 1);
  };
  return { what, find: async (path) => find(path, LINK_DEPTH), close: async () => {} };
}
