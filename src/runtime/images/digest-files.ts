// SPDX-License-Identifier: Apache-2.0
// Files beside the store that say something about a manifest: DIRECTORY/ALGORITHM-HEX.json.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseDigest } from './digest.ts';
import { errnoOf } from './durable.ts';

/** The file of a manifest. */
export function digestFile(directory: string, digest: string): string {
  const parts = parseDigest(digest);
  return join(directory, `${parts?.algorithm}-${parts?.hex}.json`);
}

/** Remove those of manifests that are gone, and what killed processes left. The caller holds the store lock exclusively. */
export function sweepDigestFiles(directory: string, keep: ReadonlySet<string>): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) {
    const digest = name.replace(/\.json$/, '').replace('-', ':');
    if (!keep.has(digest)) rmSync(join(directory, name), { force: true });
  }
}
