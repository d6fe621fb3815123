// SPDX-License-Identifier: Apache-2.0
// What the store says it has, each part read by itself, so that one that is damaged hides no other.
import { lstatSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { fileMatches, openBlob } from '../copy.ts';
import { parseDigest } from '../digest.ts';
import { errnoOf } from '../durable.ts';
import { tryLock } from '../lock.ts';
import { readIndex } from '../oci/manifest.ts';
import { INDEX } from '../oci/mediatypes.ts';
import { readImage, readLayer } from '../read.ts';
import { type ImageRecord, isIndexCurrent, readRecordFile, withRecords } from '../records.ts';
import type { StorePaths } from '../roots.ts';
import { readUsage, type Usage } from '../usage.ts';
import { type Finding, finding } from './findings.ts';

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The message of what went wrong with a part of the store; anything that is no fault of that part is thrown. */
export function problemOf(error: unknown): string {
  if (error instanceof SecureError) return error.message;
  const code = errnoOf(error);
  if (code !== undefined && ['ELOOP', 'EISDIR', 'ENOTDIR', 'ENOENT', 'EIO', 'ENXIO'].includes(code)) return code;
  throw error;
}

/** What is wrong with a blob, its size where nothing is; undefined when there is none. */
export async function blobState(
  paths: StorePaths,
  digest: string,
): Promise<{ size: number; problem?: string } | undefined> {
  try {
    const file = await openBlob(paths.blob(digest));
    if (file === undefined) return undefined;
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { size: 0, problem: 'is no regular file' };
      return (await fileMatches(file, digest))
        ? { size: stat.size }
        : { size: stat.size, problem: 'has another digest' };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { size: 0, problem: problemOf(error) };
  }
}

/** What is wrong with an unpacked layer as far as its record tells. */
export async function layerProblem(paths: StorePaths, diffId: string): Promise<string | undefined> {
  try {
    const layer = await readLayer(paths, diffId);
    if (layer?.diffId !== diffId || typeof layer.bytes !== 'number') return 'layer.json is that of another layer';
    return lstatSync(join(paths.layer(diffId), 'root')).isDirectory() ? undefined : 'root is no directory';
  } catch (error) {
    return problemOf(error);
  }
}

/** Tells one directory from another that took its name. */
export function identity(path: string): string {
  try {
    const { dev, ino, birthtimeMs } = lstatSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return 'none';
  }
}

export interface StoredImage {
  readonly record: ImageRecord;
  /** Lowest first; undefined when the image cannot be read, with `problem`. */
  readonly layers?: readonly { readonly blob: string; readonly size: number; readonly diffId: string }[];
  readonly configDigest?: string;
  readonly problem?: string;
}

export async function readStored(paths: StorePaths, record: ImageRecord): Promise<StoredImage> {
  try {
    const { manifest, config } = await readImage(paths, record);
    const configDigest = manifest.config.digest;
    const layers = manifest.layers.map(({ digest, size }, i) => ({
      blob: digest,
      size,
      diffId: config.diffIds[i] ?? '',
    }));
    const problem = configDigest === record.configDigest ? {} : { problem: 'its record names another config' };
    return { record, layers, configDigest, ...problem };
  } catch (error) {
    // A manifest that is not JSON is damaged too, whatever throws.
    return { record, problem: error instanceof SyntaxError ? 'its manifest is not JSON' : problemOf(error) };
  }
}

export async function readRecords(
  paths: StorePaths,
): Promise<{ records: ImageRecord[]; damaged: Finding[]; names: number }> {
  const records: ImageRecord[] = [];
  const damaged: Finding[] = [];
  const names = (await namesIn(paths.references)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
  for (const name of names) {
    try {
      const record = await readRecordFile(paths, name);
      if (record !== undefined) records.push(record);
    } catch (error) {
      damaged.push(finding('record-damaged', join(paths.references, name), problemOf(error)));
    }
  }
  return { records, damaged, names: names.length };
}

/** Undefined when what a container needs cannot be told; `problem` says why. */
export async function usageOf(paths: StorePaths): Promise<{ usage?: Usage; problem?: string }> {
  try {
    return { usage: await readUsage(paths) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/**
 * Whether `images/index.json` is what the records say. It is written after them, so that a killed process leaves it as it was before;
 * what is no index at all nobody wrote here. A damaged record leaves it open what it should be.
 */
export async function indexState(paths: StorePaths): Promise<{ stale: boolean; problem?: string }> {
  return withRecords(paths, async () => {
    const found = await indexFile(paths);
    try {
      if (found !== undefined) readIndex(found, INDEX, 'index.json');
    } catch (error) {
      return { stale: false, problem: problemOf(error) };
    }
    try {
      return { stale: !(await isIndexCurrent(paths)) };
    } catch (error) {
      if (error instanceof SecureError) return { stale: false };
      throw error;
    }
  });
}

async function indexFile(paths: StorePaths): Promise<Buffer | undefined> {
  try {
    return await readFile(join(paths.images, 'index.json'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Entries of tmp/ that nobody works on, and temporary files of writes that were killed. */
export async function temporaryLeftovers(paths: StorePaths): Promise<number> {
  let count = 0;
  for (const name of await namesIn(paths.tmp)) {
    try {
      const lock = tryLock(join(paths.tmp, name));
      if (lock === undefined) continue;
      lock.release();
      count++;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return withRecords(paths, async () => {
    for (const directory of [paths.references, paths.images])
      count += (await namesIn(directory)).filter((name) => name.startsWith('.')).length;
    return count;
  });
}

export const storedBlobs = async (paths: StorePaths): Promise<string[]> => {
  const digests: string[] = [];
  for (const algorithm of await namesIn(paths.blobs))
    for (const hex of await namesIn(join(paths.blobs, algorithm)))
      if (parseDigest(`${algorithm}:${hex}`) !== undefined) digests.push(`${algorithm}:${hex}`);
  return digests;
};

export const storedLayers = async (paths: StorePaths): Promise<string[]> =>
  (await namesIn(paths.layers)).map((hex) => `sha256:${hex}`).filter((diffId) => parseDigest(diffId) !== undefined);
