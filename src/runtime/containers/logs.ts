// SPDX-License-Identifier: Apache-2.0
// The log of a container: `log`, and `log.1`, `log.2` and so on, what was there before the last rotations. Entries are lines
// of JSON (json-file) or `<o|e> <time> <length>` and that many bytes (local); the first byte tells which.
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isMissing } from '../inputs.ts';

export interface LogEntry {
  readonly log: string;
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
}
export interface LogOptions {
  /** Only the last entries. */
  readonly tail?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** Go on until the container has ended. */
  readonly follow: boolean;
  /** Asked while nothing new comes: whether the container will never write again. */
  readonly ended: () => Promise<boolean>;
}

/** secure-runtime cuts a line at 16 KiB; escaped, and with its time, no entry comes near this. */
const LONGEST_ENTRY = 1024 * 1024;
const CHUNK = 256 * 1024;
const POLL_MS = 100;

function parseEntry(line: string): LogEntry | undefined {
  let value: Partial<LogEntry> | null;
  try {
    value = JSON.parse(line) as Partial<LogEntry> | null;
  } catch {
    return undefined;
  }
  const { log, stream, time } = value ?? {};
  if (typeof log !== 'string' || typeof time !== 'string') return undefined;
  return { log, stream: stream === 'stderr' ? 'stderr' : 'stdout', time };
}

const NEWLINE = 10;
const BRACE = 123;

interface Frame {
  readonly entry: LogEntry | undefined;
  /** Where the next one begins. */
  readonly end: number;
}

/** The entry that begins `data`; undefined when the rest of it is still to come. */
function cut(data: Buffer): Frame | undefined {
  const newline = data.indexOf(NEWLINE);
  if (newline < 0) return undefined;
  const line = data.toString('utf8', 0, newline);
  const after = newline + 1;
  if (data[0] === BRACE) return { entry: parseEntry(line), end: after };
  const header = /^([oe]) (\d{4}-\d\d-\d\dT[\d:.]{8,18}Z) (\d{1,6})$/.exec(line);
  if (header === null) return { entry: undefined, end: after };
  const end = after + Number(header[3]);
  if (data.length <= end) return undefined;
  // Damaged: what follows may be entries again.
  if (data[end] !== NEWLINE) return { entry: undefined, end: after };
  const stream = header[1] === 'e' ? 'stderr' : 'stdout';
  return { entry: { log: data.toString('utf8', after, end), stream, time: header[2] ?? '' }, end: end + 1 };
}

/**
 * Cuts bytes into entries. A last one that is not complete waits for the rest: the writer may be in the middle of it, or was
 * killed there. What is no entry is left out.
 */
export class EntryParser {
  #rest = Buffer.alloc(0);
  #skipping = false;

  push(chunk: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#skipping) {
      const newline = data.indexOf(NEWLINE);
      this.#skipping = newline < 0;
      data = newline < 0 ? Buffer.alloc(0) : data.subarray(newline + 1);
    }
    for (let frame = cut(data); frame !== undefined; frame = cut(data)) {
      if (frame.entry !== undefined) entries.push(frame.entry);
      data = data.subarray(frame.end);
    }
    if (data.length > LONGEST_ENTRY) this.#skipping = true;
    this.#rest = this.#skipping ? Buffer.alloc(0) : Buffer.from(data);
    return entries;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const inode = async (handle: FileHandle): Promise<bigint> => (await handle.stat({ bigint: true })).ino;

/** As secure-runtime takes it. */
const MOST_FILES = 1000;

/**
 * The log of one container directory. Newer files are opened first: were it the older ones, a rotation in
 * between would lose a whole file.
 */
export class LogReader {
  readonly #path: string;
  #queue: FileHandle[] = [];
  #parser = new EntryParser();
  readonly #buffer = Buffer.alloc(CHUNK);

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(directory: string): Promise<LogReader> {
    const reader = new LogReader(join(directory, 'log'));
    reader.#queue = await reader.#newerThan(undefined);
    return reader;
  }

  /** Files that were begun after the one with this inode, oldest first. One that is renamed meanwhile is met twice. */
  async #newerThan(known: bigint | undefined): Promise<FileHandle[]> {
    const found = new Map<bigint, FileHandle>();
    for (let n = 0, missing = 0; n < MOST_FILES && missing < 2; n += 1) {
      const handle = await openIfThere(n === 0 ? this.#path : `${this.#path}.${n}`);
      // Between two renames of a rotation one name is missing.
      missing = handle === undefined ? missing + 1 : 0;
      if (handle === undefined) continue;
      const id = await inode(handle);
      if (id === known || found.has(id)) await handle.close();
      else found.set(id, handle);
      if (id === known) break;
    }
    return [...found.values()].reverse();
  }

  /** What can be read now: undefined at the end of what there is. */
  async next(): Promise<LogEntry[] | undefined> {
    for (;;) {
      const [handle] = this.#queue;
      if (handle === undefined) {
        this.#queue = await this.#newerThan(undefined);
        if (this.#queue.length === 0) return undefined;
        continue;
      }
      const { bytesRead } = await handle.read(this.#buffer, 0, CHUNK, null);
      if (bytesRead > 0) return this.#parser.push(this.#buffer.subarray(0, bytesRead));
      if (this.#queue.length > 1) {
        this.#queue.shift();
        await handle.close();
        this.#parser = new EntryParser();
      } else if (!(await this.#rotated(handle))) return undefined;
    }
  }

  /** At the end of a file: was it renamed? Then what came in since the last read is read before its successors. */
  async #rotated(handle: FileHandle): Promise<boolean> {
    const current = await openIfThere(this.#path);
    if (current === undefined) return false;
    const id = await inode(handle);
    const same = (await inode(current)) === id;
    await current.close();
    if (same) return false;
    this.#queue = [handle, ...(await this.#newerThan(id))];
    return true;
  }

  async close(): Promise<void> {
    for (const handle of this.#queue) await handle.close();
    this.#queue = [];
  }
}

async function* read(reader: LogReader): AsyncGenerator<LogEntry[], void, undefined> {
  for (let entries = await reader.next(); entries !== undefined; entries = await reader.next()) {
    if (entries.length > 0) yield entries;
  }
}

/** Entries in the order in which they were written, in batches. Closes its files when the consumer stops. */
export async function* readLog(directory: string, options: LogOptions): AsyncGenerator<LogEntry[], void, undefined> {
  const { tail, since, follow, ended } = options;
  const recent = (entries: LogEntry[]): LogEntry[] =>
    since === undefined ? entries : entries.filter((entry) => Date.parse(entry.time) >= since);
  const reader = await LogReader.open(directory);
  try {
    if (tail === undefined) for await (const entries of read(reader)) yield recent(entries);
    else {
      let last: LogEntry[] = [];
      for await (const entries of read(reader)) last = tail === 0 ? [] : [...last, ...recent(entries)].slice(-tail);
      yield last;
    }
    while (follow) {
      // Asked first: what is written before the end is read after the answer.
      const over = await ended();
      let seen = false;
      for await (const entries of read(reader)) {
        seen = true;
        yield recent(entries);
      }
      if (over) return;
      if (!seen) await delay(POLL_MS);
    }
  } finally {
    await reader.close();
  }
}
