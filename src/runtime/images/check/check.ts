// SPDX-License-Identifier: Apache-2.0
// Is everything in the store what it should be? Pulls and runs go on meanwhile; removals wait.

import { referrerBlobs, referrerProblem } from '../artifacts/kept.ts';
import { cachedLayers } from '../build-cache.ts';
import { type Lock, lockFile } from '../lock.ts';
import type { ImageStore } from '../store.ts';
import { compareLayer } from './deep.ts';
import { type Checked, type Finding, finding } from './findings.ts';
import { repairAll } from './repair.ts';
import * as survey from './survey.ts';

export interface CheckOptions {
  /** Compare unpacked layers with what their blobs unpack to. */
  readonly deep?: boolean;
  /** Remove what is damaged. */
  readonly repair?: boolean;
}

class Check {
  readonly findings: Finding[] = [];
  /** Damaged layers, with the directory that was found damaged. */
  readonly layers = new Map<string, string>();
  readonly #paths: ImageStore['paths'];
  readonly #store: Lock;
  readonly #goodBlobs = new Map<string, number>();

  constructor(paths: ImageStore['paths'], store: Lock) {
    this.#paths = paths;
    this.#store = store;
  }

  #add(...args: Parameters<typeof finding>): void {
    this.findings.push(finding(...args));
  }

  async run(deep: boolean): Promise<Omit<Checked, 'findings'>> {
    const blobs = await survey.storedBlobs(this.#paths);
    let bytes = 0;
    for (const digest of blobs) bytes += await this.#blob(digest);
    const { records, damaged, names } = await survey.readRecords(this.#paths);
    this.findings.push(...damaged);
    const stored = [];
    for (const record of records) stored.push(await survey.readStored(this.#paths, record));
    const unpacked = await survey.storedLayers(this.#paths);
    const { compared, incomparable } = await this.#layers(unpacked, stored, deep);
    const needed = this.#images(stored, new Set(unpacked));
    for (const digest of new Set(records.map((record) => record.digest))) {
      for (const blob of await referrerBlobs(this.#paths, digest)) needed.blobs.add(blob);
      const problem = await referrerProblem(this.#paths, digest);
      if (problem !== undefined) this.#add('referrer-damaged', digest, problem);
    }
    const { usage, problem } = await survey.usageOf(this.#paths);
    if (problem !== undefined) this.#add('container-unreadable', this.#paths.containers, problem);
    for (const diffId of usage?.layers ?? [])
      if (!unpacked.includes(diffId)) this.#add('layer-missing', diffId, 'a container needs it, and it is not there');
    const index = await survey.indexState(this.#paths);
    if (index.problem !== undefined) this.#add('index-damaged', 'images/index.json', index.problem);
    for (const { diffId, digest } of await cachedLayers(this.#paths)) {
      needed.blobs.add(digest);
      needed.layers.add(diffId);
    }
    const spare = (digest: string) => this.#goodBlobs.has(digest) && !needed.blobs.has(digest);
    return {
      verified: { blobs: blobs.length, bytes, records: names, layers: unpacked.length, compared },
      incomparable,
      leftovers: {
        // What an image that cannot be read needs is unknown, and so is what nobody needs.
        blobs: damaged.length === 0 ? blobs.filter(spare).length : 0,
        layers: unpacked.filter((id) => !needed.layers.has(id) && usage?.layers.has(id) !== true).length,
        temporary: await survey.temporaryLeftovers(this.#paths),
        index: index.stale ? 1 : 0,
      },
    };
  }

  async #blob(digest: string): Promise<number> {
    const state = await survey.blobState(this.#paths, digest);
    if (state === undefined) return 0;
    if (state.problem === undefined) this.#goodBlobs.set(digest, state.size);
    else this.#add('blob-damaged', digest, state.problem);
    return state.size;
  }

  async #layers(unpacked: readonly string[], stored: readonly survey.StoredImage[], deep: boolean) {
    const blobOf = new Map<string, string>();
    for (const { layers = [] } of stored)
      for (const { blob, diffId } of layers) if (this.#goodBlobs.has(blob)) blobOf.set(diffId, blob);
    const incomparable: string[] = [];
    let compared = 0;
    for (const diffId of unpacked) {
      const before = survey.identity(this.#paths.layer(diffId));
      let problem = await survey.layerProblem(this.#paths, diffId);
      const blob = blobOf.get(diffId);
      if (deep && problem === undefined) {
        if (blob === undefined) incomparable.push(diffId);
        else {
          compared++;
          problem = await compareLayer(this.#paths, this.#store, diffId, blob);
        }
      }
      if (problem === undefined) continue;
      this.#add('layer-damaged', diffId, problem);
      this.layers.set(diffId, before);
    }
    return { compared, incomparable };
  }

  /** Whether each image can be run, and saved. Returns what they need. */
  #images(stored: readonly survey.StoredImage[], unpacked: ReadonlySet<string>) {
    const needed = { blobs: new Set<string>(), layers: new Set<string>() };
    for (const { record, layers = [], configDigest, problem } of stored) {
      for (const digest of [record.digest, configDigest ?? record.configDigest]) needed.blobs.add(digest);
      let unusable = problem;
      for (const { blob, size, diffId } of layers) {
        needed.blobs.add(blob);
        needed.layers.add(diffId);
        if (this.#goodBlobs.get(blob) === size) continue;
        if (!unpacked.has(diffId) || this.layers.has(diffId)) unusable ??= `layer ${diffId} is missing or damaged`;
        else this.#add('blob-missing', blob, `a layer of ${record.reference} is not there, or damaged`);
      }
      if (unusable !== undefined) this.#add('image-unusable', record.reference, unusable);
    }
    return needed;
  }
}

/**
 * Verify the store: every blob against its digest, every record, the index, every image down to its layers, and what containers need.
 * Of an unpacked layer the record and the root directory are looked at; its files can only be compared with what its blob
 * unpacks to (`deep`), since no digest is made of a tree.
 * With `repair` what is damaged is removed, after it was looked at again while nobody else uses the store, so that a pull brings it
 * again. What is whole stays, and so does what a container needs.
 */
export async function checkStore(
  store: ImageStore,
  { deep = false, repair = false }: CheckOptions = {},
): Promise<Checked> {
  const lock = await lockFile(store.paths.lock, false);
  const check = new Check(store.paths, lock);
  let result: Omit<Checked, 'findings'>;
  try {
    result = await check.run(deep);
  } finally {
    lock.release();
  }
  if (!repair || check.findings.length === 0) return { findings: check.findings, ...result };
  return { findings: await repairAll(store.paths, check.findings, check.layers), ...result };
}
