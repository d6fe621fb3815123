// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { isDiffId } from './digest.ts';
import { errnoOf } from './durable.ts';
import type { StorePaths } from './roots.ts';

/** What containers need of the store. */
export interface Usage {
  /** Manifest digest -> ids of the containers made from it. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** Diff ids. */
  readonly layers: ReadonlySet<string>;
}

interface Record {
  secure?: { image?: { digest?: unknown }; layers?: unknown };
}

/**
 * Read the records of all containers. A directory without config.json is a container that was never finished and uses nothing, since the
 * caller holds the store lock exclusively and a launch holds it shared. A record that cannot be understood might use
 * anything: STORE_CORRUPT.
 */
export async function readUsage(paths: StorePaths): Promise<Usage> {
  const images = new Map<string, string[]>();
  const layers = new Set<string>();
  let ids: string[] = [];
  try {
    ids = await readdir(paths.containers);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  for (const id of ids) {
    const path = join(paths.containers, id, 'config.json');
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) continue;
      throw error;
    }
    const { digest, diffIds } = understand(text, path);
    if (digest !== undefined) images.set(digest, [...(images.get(digest) ?? []), id]);
    for (const diffId of diffIds) layers.add(diffId);
  }
  return { images, layers };
}

function understand(text: string, path: string): { digest: string | undefined; diffIds: string[] } {
  try {
    const { secure } = JSON.parse(text) as Record;
    // A plain OCI bundle brings its own root.
    if (secure === undefined) return { digest: undefined, diffIds: [] };
    const diffIds = ((secure.layers ?? []) as { diffId?: unknown }[]).map(({ diffId }) => {
      if (typeof diffId !== 'string' || !isDiffId(diffId)) throw new TypeError('layers');
      return diffId;
    });
    const digest = secure.image?.digest;
    return { digest: typeof digest === 'string' ? digest : undefined, diffIds };
  } catch (cause) {
    throw new SecureError('STORE_CORRUPT', `${path} is no record of a container, so what it uses is unknown`, {
      hint: 'remove that container first (`secure rm --force ID`)',
      exitCode: ExitCode.internal,
      cause,
    });
  }
}
