// SPDX-License-Identifier: Apache-2.0
// What nothing uses: leftovers of crashed processes, plans that were handed over, and what only removed images needed.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Swept } from '../images/garbage.ts';
import type { StoreRoots } from '../images/roots.ts';
import { ImageStore } from '../images/store.ts';
import { isMissing } from '../inputs.ts';
import { inInitialNamespace } from '../rootless/identity.ts';
import { callRuntime } from './native.ts';

export interface Pruned {
  /** One line per thing, from secure-runtime. */
  readonly runtime: readonly string[];
  /** Names of plan files. */
  readonly plans: readonly string[];
  readonly images: Swept;
}

/** A plan is opened right after it was written; one this old is being launched by nobody. Milliseconds. */
const PLAN_AGE = 60_000;

async function prunePlans(roots: StoreRoots, now: number): Promise<string[]> {
  const directory = join(roots.state, 'plans');
  const removed: string[] = [];
  try {
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (now - (await stat(path)).mtimeMs < PLAN_AGE) continue;
      await rm(path, { force: true });
      removed.push(name);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return removed;
}

/** Containers first: what they leave behind may be all that keeps a layer. */
export async function prune(roots: StoreRoots, now: number): Promise<Pruned> {
  // Containers are the machine's root's: a store of a namespace has none.
  const { stdout } = inInitialNamespace() ? await callRuntime(['gc']) : { stdout: '' };
  const store = await ImageStore.open(roots);
  return {
    runtime: stdout.split('\n').filter((line) => line !== ''),
    plans: await prunePlans(roots, now),
    images: await store.prune(),
  };
}
