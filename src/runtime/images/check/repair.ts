// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { repairReferrers } from '../artifacts/kept.ts';
import { fsyncDir } from '../durable.ts';
import { lockFile } from '../lock.ts';
import { readRecordFile, removeRecords, withRecords, writeIndex } from '../records.ts';
import { removeTree } from '../remove-tree.ts';
import type { StorePaths } from '../roots.ts';
import { forgetLanguages } from '../sbom/kept.ts';
import type { Finding } from './findings.ts';
import { blobState, identity, layerProblem, readRecords, readStored, usageOf } from './survey.ts';

/** What can be done about a finding. True when it is no more. */
type Repair = (finding: Finding) => Promise<boolean>;

async function blob(paths: StorePaths, { subject }: Finding): Promise<boolean> {
  const state = await blobState(paths, subject);
  if (state?.problem === undefined) return true;
  await removeTree(paths.blob(subject));
  await fsyncDir(dirname(paths.blob(subject)));
  return true;
}

async function referrers(paths: StorePaths, { subject }: Finding): Promise<boolean> {
  await repairReferrers(paths, subject);
  return true;
}

async function record(paths: StorePaths, { subject }: Finding): Promise<boolean> {
  return withRecords(paths, async () => {
    try {
      await readRecordFile(paths, basename(subject));
      return true;
    } catch {
      await unlink(subject);
      await fsyncDir(paths.references);
      return true;
    }
  });
}

async function layer(paths: StorePaths, { subject }: Finding, seen: string | undefined): Promise<boolean> {
  const path = paths.layer(subject);
  // Another one has taken its place meanwhile; what was compared is gone.
  if (identity(path) !== seen) return (await layerProblem(paths, subject)) === undefined;
  const { usage } = await usageOf(paths);
  if (usage === undefined || usage.layers.has(subject)) return false;
  const doomed = join(paths.tmp, `removed-${randomBytes(8).toString('hex')}`);
  await rename(path, doomed);
  await fsyncDir(paths.layers);
  forgetLanguages(paths, subject);
  await removeTree(doomed);
  return true;
}

/** A name that means nothing that could be run goes, so that the name is pulled again when it is used. */
async function image(paths: StorePaths, { subject }: Finding, damaged: ReadonlyMap<string, string>): Promise<boolean> {
  const { records } = await readRecords(paths);
  const found = records.find(({ reference }) => reference === subject);
  if (found === undefined) return true;
  const { layers = [], problem } = await readStored(paths, found);
  // A damaged layer that a container needs is still there, and would be there after a pull.
  if (layers.some(({ diffId }) => damaged.get(diffId) === identity(paths.layer(diffId)))) return false;
  let whole = problem === undefined;
  for (const { blob, diffId } of layers) whole &&= existsSync(paths.layer(diffId)) || existsSync(paths.blob(blob));
  if (whole) return true;
  await removeRecords(paths, [subject]);
  return true;
}

async function index(paths: StorePaths): Promise<boolean> {
  await withRecords(paths, () => writeIndex(paths));
  return true;
}

/**
 * Work off what was found, nobody else using the store: content first, then the names that no longer mean anything, then the index.
 * Each thing is looked at once more before it goes.
 */
export async function repairAll(
  paths: StorePaths,
  findings: readonly Finding[],
  layers: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const repairs: Partial<Record<Finding['kind'], Repair>> = {
    'blob-damaged': (found) => blob(paths, found),
    'layer-damaged': (found) => layer(paths, found, layers.get(found.subject)),
    'referrer-damaged': (found) => referrers(paths, found),
    'record-damaged': (found) => record(paths, found),
    'image-unusable': (found) => image(paths, found, layers),
    'index-damaged': () => index(paths),
  };
  const lock = await lockFile(paths.lock, true);
  try {
    const done = new Set<Finding>();
    for (const [kind, repair] of Object.entries(repairs))
      for (const found of findings) if (found.kind === kind && (await repair(found))) done.add(found);
    // Records that are gone are no longer in it.
    if (done.size > 0) await index(paths);
    return findings.map((found) => (done.has(found) ? { ...found, repaired: true } : found));
  } finally {
    lock.release();
  }
}
