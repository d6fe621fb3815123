// SPDX-License-Identifier: Apache-2.0
// References: one file each, named by the hash of the full reference, so that no name can be a path.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import type { Origin } from '../plan/types.ts';
import { parseDigest } from './digest.ts';
import { errnoOf, fsyncDir, writeAtomic } from './durable.ts';
import { lockFile } from './lock.ts';
import { INDEX, MANIFEST } from './oci/mediatypes.ts';
import type { StorePaths } from './roots.ts';

/** What a reference means. */
export interface ImageRecord {
  /** Full reference with a tag, `localhost/busybox:latest`; with a digest instead when it was pulled by digest alone. */
  readonly reference: string;
  /** Manifest digest. */
  readonly digest: string;
  /** Digest of the index that the manifest was chosen from, where there was one. */
  readonly index?: string;
  readonly configDigest: string;
  readonly origin: Origin;
  /** When it came into the store, RFC 3339. */
  readonly created: string;
  /** Bytes of the layers as stored. */
  readonly size: number;
}

const ORIGINS: readonly string[] = ['built', 'pulled', 'imported'] satisfies Origin[];

/** The file of a full reference with a tag. */
export function recordPath(paths: StorePaths, reference: string): string {
  return join(paths.references, `${createHash('sha256').update(reference).digest('hex')}.json`);
}

function corrupt(path: string, cause?: unknown): SecureError {
  return new SecureError('STORE_CORRUPT', `${path} is no record of an image`, {
    hint: 'remove the file and import the image again',
    exitCode: ExitCode.internal,
    cause,
  });
}

function parse(text: string, path: string): ImageRecord {
  let value: Partial<ImageRecord>;
  try {
    value = JSON.parse(text) as Partial<ImageRecord>;
  } catch (cause) {
    throw corrupt(path, cause);
  }
  const { reference, digest, configDigest, origin, created, size, index = digest } = value ?? {};
  const digests = [digest, configDigest, index].every(
    (text) => typeof text === 'string' && parseDigest(text) !== undefined,
  );
  const rest = typeof reference === 'string' && typeof created === 'string' && typeof size === 'number';
  if (!digests || !rest || !ORIGINS.includes(origin ?? '')) throw corrupt(path);
  return value as ImageRecord;
}

export async function readRecord(paths: StorePaths, reference: string): Promise<ImageRecord | undefined> {
  const path = recordPath(paths, reference);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const record = parse(text, path);
  if (record.reference !== reference) throw corrupt(path);
  return record;
}

/**
 * One file of `references/`, or undefined when it is removed meanwhile.
 * @throws SecureError STORE_CORRUPT when it is no record, or that of another name
 */
export async function readRecordFile(paths: StorePaths, name: string): Promise<ImageRecord | undefined> {
  const path = join(paths.references, name);
  try {
    const record = parse(await readFile(path, 'utf8'), path);
    if (recordPath(paths, record.reference) !== path) throw corrupt(path);
    return record;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** All records, by reference. One that is removed meanwhile is not there. */
export async function listRecords(paths: StorePaths): Promise<ImageRecord[]> {
  const records: ImageRecord[] = [];
  for (const name of await readdir(paths.references)) {
    if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
    const path = join(paths.references, name);
    try {
      records.push(parse(await readFile(path, 'utf8'), path));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return records.sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** Write a record and bring `images/index.json`, which is derived from all of them, up to date. */
export async function writeRecord(paths: StorePaths, record: ImageRecord): Promise<void> {
  await writeRecords(paths, [record], async () => {});
}

/** The same for several. Between `check`, which throws where they must not be written, and the last of them no other changes. */
export async function writeRecords(
  paths: StorePaths,
  records: readonly ImageRecord[],
  check: () => Promise<void>,
): Promise<void> {
  await changing(paths, async () => {
    await check();
    for (const record of records) await writeAtomic(recordPath(paths, record.reference), `${JSON.stringify(record)}\n`);
  });
}

/** Remove records; a missing one is success. */
export async function removeRecords(paths: StorePaths, references: readonly string[]): Promise<void> {
  await changing(paths, async () => {
    for (const reference of references) {
      try {
        await unlink(recordPath(paths, reference));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    }
    await fsyncDir(paths.references);
  });
}

/** Nobody else changes records or the index meanwhile. */
export async function withRecords<T>(paths: StorePaths, action: () => Promise<T>): Promise<T> {
  const lock = await lockFile(join(paths.references, 'lock'), true);
  try {
    return await action();
  } finally {
    lock.release();
  }
}

async function changing(paths: StorePaths, action: () => Promise<void>): Promise<void> {
  await withRecords(paths, async () => {
    await action();
    await writeIndex(paths);
  });
}

/** Write `images/index.json` anew. The caller is inside `withRecords`. */
export async function writeIndex(paths: StorePaths): Promise<void> {
  await writeAtomic(join(paths.images, 'index.json'), await indexText(paths));
}

/** Bring `images/index.json` up to date where a killed process left it as it was before. */
export async function refreshIndex(paths: StorePaths): Promise<void> {
  await withRecords(paths, async () => {
    if (!(await isIndexCurrent(paths))) await writeIndex(paths);
  });
}

/** The caller is inside `withRecords`. A store in which there was never an image need not have an index. */
export async function isIndexCurrent(paths: StorePaths): Promise<boolean> {
  try {
    return (await readFile(join(paths.images, 'index.json'), 'utf8')) === (await indexText(paths));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return (await listRecords(paths)).length === 0;
    throw error;
  }
}

async function indexText(paths: StorePaths): Promise<string> {
  const manifests = [];
  for (const { reference, digest, size, mediaType } of await withManifests(paths)) {
    manifests.push({ mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': reference } });
  }
  return `${JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })}\n`;
}

async function withManifests(paths: StorePaths) {
  const found = [];
  for (const { reference, digest } of await listRecords(paths)) {
    try {
      const text = await readFile(paths.blob(digest));
      const { mediaType } = JSON.parse(text.toString('utf8')) as { mediaType?: string };
      found.push({ reference, digest, size: text.length, mediaType: mediaType ?? MANIFEST });
    } catch {
      // The index is for other tools; an image whose manifest is damaged is none that they could use.
    }
  }
  return found;
}
