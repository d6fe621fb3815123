// SPDX-License-Identifier: Apache-2.0
// The log of a container: `log`, one JSON object per line, and `log.1`, what was there before the last rotation.
import { type FileHandle, open, stat } from 'node:fs/promises';
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

/**
 * Cuts bytes into entries. A last line without its newline waits for the rest: the writer may be in the middle of it, or was
 * killed there. What is no entry is left out.
 */
export class EntryParser {
  #rest = Buffer.alloc(0);
  #skipping = false;

  push(chunk: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      const entry = this.#skipping ? undefined : parseEntry(data.toString('utf8', 0, end));
      this.#skipping = false;
      if (entry !== undefined) entries.push(entry);
      data = data.subarray(end + 1);
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

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The log of one container directory. The newer file is opened first: were it the older one, a rotation in
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
    const current = await openIfThere(reader.#path);
    const old = await openIfThere(`${reader.#path}.1`);
    if (current !== undefined && old !== undefined && (await inode(current)) === (await inode(old))) {
      await current.close();
      reader.#queue = [old];
    } else reader.#queue = [old, current].filter((handle) => handle !== undefined);
    return reader;
  }

  /** What can be read now: undefined at the end of what there is. */
  async next(): Promise<LogEntry[] | undefined> {
    for (;;) {
      const [handle] = this.#queue;
      if (handle === undefined) {
        const made = await openIfThere(this.#path);
        if (made === undefined) return undefined;
        this.#queue = [made];
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

  /** At the end of a file: was it renamed? Then what came in since the last read is read before its successor. */
  async #rotated(handle: FileHandle): Promise<boolean> {
    const now = await inodeOf(this.#path);
    if (now === undefined || now === (await inode(handle))) return false;
    const successor = await openIfThere(this.#path);
    if (successor === undefined) return false;
    this.#queue = [handle, successor];
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
