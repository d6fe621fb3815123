// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildDebian } from '../../src/runtime/images/debian/build.ts';
import { ImageStore } from '../../src/runtime/images/store.ts';

const CACHE = join(import.meta.dirname, '../../build/test-images');

/** A state root holding `localhost/NAME`, origin "built", made from a package, for all tests: not to be changed. */
export async function debianKept(packageName: string, name: string): Promise<string> {
  const kept = join(CACHE, `${packageName}-${name}`);
  if (existsSync(kept)) return kept;
  mkdirSync(CACHE, { recursive: true });
  const work = `${kept}.${process.pid}`;
  try {
    const store = await ImageStore.open({ state: work, run: `${work}-run` });
    await buildDebian(store, { packages: [packageName], name });
    if (!existsSync(kept)) renameSync(work, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return kept;
}

/** A copy of it (unpacked layers included) at `state`, which must not exist: building takes seconds and happens once. */
export async function debianState(state: string, packageName: string, name: string): Promise<void> {
  execFileSync('cp', ['-a', '--reflink=auto', await debianKept(packageName, name), state]);
}
