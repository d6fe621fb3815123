// SPDX-License-Identifier: Apache-2.0
// What steps gave, by what they depend on. An entry keeps its layer in the store: state/build/cache/<key>.json.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiffId } from './digest.ts';
import { errnoOf, writeAtomic } from './durable.ts';
import { isLayer } from './oci/mediatypes.ts';
import type { StorePaths } from './roots.ts';
import type { NewLayer } from './stage.ts';

/** A layer that a build made. Undefined layer: the step changed no file. */
export interface StepResult {
  /** When it was made, RFC 3339: a build of nothing but kept steps gives the image that it gave before. */
  readonly created: string;
  readonly layer: NewLayer | undefined;
}

/** Entries that no build has asked for in this time go with the next build. */
const UNUSED_MS = 14 * 24 * 3600_000;

export const cacheDirectory = (paths: StorePaths): string => join(paths.state, 'build', 'cache');

/** Lengths go in before values, so that no two different lists give the same key. */
export function stepKey(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

const isId = (value: unknown): value is string => typeof value === 'string' && isDiffId(value);

function parse(text: string): StepResult | undefined {
  try {
    const { layer, created } = JSON.parse(text) as {
      layer?: { diffId?: unknown; digest?: unknown; size?: unknown; mediaType?: unknown } | null;
      created?: unknown;
    };
    if (typeof created !== 'string') return undefined;
    if (layer === null) return { created, layer: undefined };
    const { diffId, digest, size, mediaType } = layer ?? {};
    if (
      isId(diffId) &&
      isId(digest) &&
      Number.isSafeInteger(size) &&
      typeof mediaType === 'string' &&
      isLayer(mediaType)
    )
      return { created, layer: { diffId, digest, size: Number(size), mediaType } };
  } catch {
    // Damaged: the step is done again.
  }
  return undefined;
}

/** What a step gave, while all of it is in the store. */
export function cached(paths: StorePaths, key: string): StepResult | undefined {
  const path = join(cacheDirectory(paths), `${key}.json`);
  let result: StepResult | undefined;
  try {
    result = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const layer = result?.layer;
  if (layer !== undefined && !(existsSync(paths.layer(layer.diffId)) && existsSync(paths.blob(layer.digest))))
    return undefined;
  const now = new Date();
  if (result !== undefined) utimesSync(path, now, now);
  return result;
}

export async function remember(paths: StorePaths, key: string, { created, layer }: StepResult): Promise<void> {
  const directory = cacheDirectory(paths);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeAtomic(join(directory, `${key}.json`), `${JSON.stringify({ created, layer: layer ?? null })}\n`);
}

async function entries(paths: StorePaths): Promise<string[]> {
  try {
    return (await readdir(cacheDirectory(paths))).map((name) => join(cacheDirectory(paths), name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The layers that entries keep. An entry that cannot be read keeps nothing. */
export async function cachedLayers(paths: StorePaths): Promise<NewLayer[]> {
  const found: NewLayer[] = [];
  for (const path of await entries(paths)) {
    const layer = path.endsWith('.json') ? parse(readFileSync(path, 'utf8'))?.layer : undefined;
    if (layer !== undefined) found.push(layer);
  }
  return found;
}

/** Forget what was not used for long, or everything. Layers go with the next prune. Returns how many were forgotten. */
export async function forget(paths: StorePaths, all: boolean): Promise<number> {
  let count = 0;
  for (const path of await entries(paths)) {
    const old = all || Date.now() - (await stat(path)).mtimeMs > UNUSED_MS;
    if (!old) continue;
    rmSync(path, { force: true });
    count += 1;
  }
  return count;
}
