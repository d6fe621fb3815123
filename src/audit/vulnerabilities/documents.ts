// SPDX-License-Identifier: Apache-2.0
// Advisories in a file, in a directory of files, or in an archive such as the `all.zip` of osv.dev: one after the other, each of bounded size.
import { closeSync, constants, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { readBounded } from '../../bounded.ts';
import { ExitCode, SecureError } from '../../errors.ts';

export interface Document {
  /** For errors: a path, and the name in the archive. */
  readonly name: string;
  readonly text: string;
}

/** Bytes of one advisory; the longest of osv.dev, with all versions of a package, has 6 MiB. */
const DOCUMENT_LIMIT = 32 << 20;
/** Advisories of one import; osv.dev has 600,000 in all. */
const COUNT_LIMIT = 4_000_000;

export function unreadable(path: string, why: string, cause?: unknown): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `${path} cannot be read: ${why}`, {
    hint: 'give an advisory of OSV as JSON, a directory of such, or an archive as osv.dev offers them (ECOSYSTEM/all.zip)',
    exitCode: ExitCode.usage,
    cause,
  });
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    throw unreadable(path, (cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
}

function textOf(name: string, bytes: Buffer): Document {
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw unreadable(name, 'it is not UTF-8', cause);
  }
}

function readFile(path: string): Document {
  const fd = openFile(path);
  try {
    if (!fstatSync(fd).isFile()) throw unreadable(path, 'it is no regular file');
    const bytes = readBounded(fd, DOCUMENT_LIMIT);
    if (bytes === undefined) throw unreadable(path, `it is larger than ${DOCUMENT_LIMIT} bytes`);
    return textOf(path, bytes);
  } finally {
    closeSync(fd);
  }
}

/** What an entry says of its size counts for nothing. */
async function readEntry(zip: ZipFile, entry: Entry, name: string): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    size += (part as Buffer).length;
    if (size > DOCUMENT_LIMIT) throw unreadable(name, `it is larger than ${DOCUMENT_LIMIT} bytes`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

async function* archive(path: string, fd: number): AsyncGenerator<Document> {
  // Names are for messages alone, so that it does not matter which of them are dangerous.
  const zip = await fromFdPromise(fd, { lazyEntries: true, autoClose: false, strictFileNames: false }).catch(
    (cause) => {
      throw unreadable(path, `it is no archive: ${(cause as Error).message}`, cause);
    },
  );
  try {
    for await (const entry of zip.eachEntry()) {
      const name = `${path}: ${entry.fileName}`;
      if (entry.fileName.endsWith('.json')) yield textOf(name, await readEntry(zip, entry, name));
    }
  } catch (cause) {
    throw cause instanceof SecureError
      ? cause
      : unreadable(path, `its archive is damaged: ${(cause as Error).message}`, cause);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw unreadable(path, (cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
}

async function* documentsIn(path: string): AsyncGenerator<Document> {
  if (isDirectory(path)) {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile() && one.name.endsWith('.json')).sort(byName))
      yield readFile(join(entry.parentPath, entry.name));
    return;
  }
  if (!basename(path).endsWith('.zip')) {
    yield readFile(path);
    return;
  }
  const fd = openFile(path);
  try {
    if (!fstatSync(fd).isFile()) throw unreadable(path, 'it is no regular file');
    yield* archive(path, fd);
  } finally {
    closeSync(fd);
  }
}

const byName = (a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number =>
  join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;

/** @throws SecureError AUDIT_UNREADABLE, LIMIT_EXCEEDED */
export async function* documents(path: string): AsyncGenerator<Document> {
  let count = 0;
  for await (const document of documentsIn(path)) {
    count += 1;
    if (count > COUNT_LIMIT)
      throw new SecureError('LIMIT_EXCEEDED', `${path} has more than ${COUNT_LIMIT} advisories`, {
        hint: 'import it in parts',
      });
    yield document;
  }
}
