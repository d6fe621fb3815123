// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { referrerBlobs, sweepReferrers } from './artifacts/kept.ts';
import { cachedLayers, forget } from './build-cache.ts';
import { errnoOf, fsyncDir } from './durable.ts';
import { tryLock } from './lock.ts';
import { readImage } from './read.ts';
import { listRecords, refreshIndex } from './records.ts';
import { removeTree } from './remove-tree.ts';
import type { StorePaths } from './roots.ts';
import { sweepLanguages } from './sbom/kept.ts';
import { sweepSignatures } from './signatures/kept.ts';
import type { Usage } from './usage.ts';

/** What a sweep removed. */
export interface Swept {
  /** Digests. */
  readonly blobs: readonly string[];
  /** Diff ids. */
  readonly layers: readonly string[];
  /** Names below tmp/ and of temporary files. */
  readonly temporary: readonly string[];
  /** Bytes of the blobs. */
  readonly freed: number;
}

export const NOTHING_SWEPT: Swept = { blobs: [], layers: [], temporary: [], freed: 0 };

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function reachable(paths: StorePaths): Promise<{ blobs: Set<string>; layers: Set<string> }> {
  const blobs = new Set<string>();
  const layers = new Set<string>();
  for (const record of await listRecords(paths)) {
    blobs.add(record.digest);
    const { manifest, config } = await readImage(paths, record);
    for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(digest);
    for (const diffId of config.diffIds) layers.add(diffId);
    for (const digest of await referrerBlobs(paths, record.digest)) blobs.add(digest);
  }
  return { blobs, layers };
}

async function sweepBlobs(paths: StorePaths, keep: ReadonlySet<string>): Promise<{ removed: string[]; freed: number }> {
  const removed: string[] = [];
  let freed = 0;
  for (const algorithm of await names(paths.blobs)) {
    const directory = join(paths.blobs, algorithm);
    for (const hex of await names(directory)) {
      const digest = `${algorithm}:${hex}`;
      if (keep.has(digest)) continue;
      freed += (await stat(join(directory, hex))).size;
      await rm(join(directory, hex), { force: true });
      removed.push(digest);
    }
    await fsyncDir(directory);
  }
  return { removed, freed };
}

async function sweepLayers(paths: StorePaths, keep: ReadonlySet<string>): Promise<string[]> {
  const removed: string[] = [];
  for (const hex of await names(paths.layers)) {
    const diffId = `sha256:${hex}`;
    if (keep.has(diffId)) continue;
    // A layer that is there is taken to be whole, so it goes in one step.
    const doomed = join(paths.tmp, `removed-${randomBytes(8).toString('hex')}`);
    await rename(join(paths.layers, hex), doomed);
    await fsyncDir(paths.layers);
    await removeTree(doomed);
    removed.push(diffId);
  }
  return removed;
}

/** Entries of tmp/ without a lock holder, and the temporary files that writeAtomic leaves when it is killed. */
async function sweepTemporary(paths: StorePaths): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await names(paths.tmp)) {
    const lock = tryLock(join(paths.tmp, name));
    if (lock === undefined) continue;
    try {
      await removeTree(join(paths.tmp, name));
      removed.push(name);
    } finally {
      lock.release();
    }
  }
  for (const directory of [paths.references, paths.images]) {
    for (const name of await names(directory)) {
      if (!name.startsWith('.')) continue;
      await rm(join(directory, name), { force: true });
      removed.push(name);
    }
  }
  return removed;
}

/** Forget what builds kept: steps, and directories of `--mount=type=cache`. The caller holds the store lock exclusively, and a build holds it shared. */
export async function forgetBuilds(paths: StorePaths): Promise<void> {
  await forget(paths, true);
  const mounts = join(paths.state, 'build', 'mounts');
  for (const name of await names(mounts)) {
    const doomed = join(paths.tmp, `removed-${randomBytes(8).toString('hex')}`);
    await rename(join(mounts, name), doomed);
    await removeTree(doomed);
  }
}

/**
 * Remove blobs and layers that no reference and no container needs. The caller holds the store lock exclusively. An image that cannot
 * be read stops the sweep before anything is removed, since what it needs is unknown.
 */
export async function sweep(paths: StorePaths, usage: Usage): Promise<Swept> {
  const keep = await reachable(paths);
  for (const diffId of usage.layers) keep.layers.add(diffId);
  for (const { diffId, digest } of await cachedLayers(paths)) {
    keep.layers.add(diffId);
    keep.blobs.add(digest);
  }
  sweepSignatures(paths.state, keep.blobs);
  sweepReferrers(paths, keep.blobs);
  sweepLanguages(paths, keep.layers);
  const temporary = await sweepTemporary(paths);
  const layers = await sweepLayers(paths, keep.layers);
  // Before the blobs: whoever reads it finds what it names.
  await refreshIndex(paths);
  const { removed: blobs, freed } = await sweepBlobs(paths, keep.blobs);
  return { blobs, layers, temporary, freed };
}
