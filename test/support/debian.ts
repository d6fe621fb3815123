// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildDebian } from '../../src/runtime/images/debian/build.ts';
import { ImageStore } from '../../src/runtime/images/store.ts';

const CACHE = join(import.meta.dirname, '../../build/test-images');

/**
 * A state root holding `localhost/NAME`, origin "built", made from a package. Building takes seconds and happens once: the
 * result is kept below build/ and copied (unpacked layers included) to `state`, which must not exist.
 */
export async function debianState(state: string, packageName: string, name: string): Promise<void> {
  const kept = join(CACHE, `${packageName}-${name}`);
  if (!existsSync(kept)) {
    mkdirSync(CACHE, { recursive: true });
    const work = `${kept}.${process.pid}`;
    try {
      const store = await ImageStore.open({ state: work, run: `${work}-run` });
      await buildDebian(store, { packages: [packageName], name });
      if (!existsSync(kept)) renameSync(work, kept);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  execFileSync('cp', ['-a', '--reflink=auto', kept, state]);
}
