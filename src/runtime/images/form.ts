// SPDX-License-Identifier: Apache-2.0
// Two forms of a store that are not to be confused: of the machine's ids, with overlay's marks as trusted.*, and of a user namespace, with
// other ids on the disk and marks as user.*. The second has a file that says which ids.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { type IdMap, type IdMaps, inInitialNamespace, readIdMaps } from '../rootless/identity.ts';
import { errnoOf, writeAtomic } from './durable.ts';
import type { StorePaths } from './roots.ts';

/** Overlay's mark of a directory that hides what lower layers have, in the form that stores of this process have. */
export const opaqueName = (): string => (inInitialNamespace() ? 'trusted.overlay.opaque' : 'user.overlay.opaque');

function readMarker(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, path: string): IdMaps {
  const isMap = (value: unknown): value is IdMap[] =>
    Array.isArray(value) &&
    value.every((map) => ['inside', 'outside', 'count'].every((key) => Number.isSafeInteger(map?.[key])));
  try {
    const { uids, gids } = JSON.parse(text) as Record<string, unknown>;
    if (isMap(uids) && isMap(gids)) return { uids, gids };
  } catch {
    // The same answer.
  }
  throw new SecureError('STORE_CORRUPT', `${path} does not say which ids the store has`, {
    hint: 'it was damaged; move the whole store away and pull its images again',
  });
}

/** Every id that was there is still the same one. */
const contains = (now: readonly IdMap[], then: readonly IdMap[]): boolean =>
  then.every(({ inside, outside, count }) =>
    now.some(
      (map) =>
        inside >= map.inside &&
        inside + count <= map.inside + map.count &&
        outside - inside === map.outside - map.inside,
    ),
  );

function foreign(state: string, why: string, hint: string): SecureError {
  return new SecureError('STORE_FOREIGN', `the image store at ${state} ${why}`, { hint });
}

/**
 * A new store gets the form of this process, any other must have it.
 * @throws SecureError STORE_FOREIGN, STORE_CORRUPT
 */
export async function checkForm(paths: StorePaths): Promise<void> {
  const marker = join(paths.state, 'ids.json');
  const text = readMarker(marker);
  if (inInitialNamespace()) {
    if (text === undefined) return;
    throw foreign(paths.state, 'was made without root', 'open it as the user whose it is; root has a store of its own');
  }
  const now = readIdMaps();
  if (text === undefined) {
    if (existsSync(join(paths.images, 'oci-layout')))
      throw foreign(paths.state, 'was made by root of the machine', 'set SECURE_STATE_ROOT to another directory');
    return writeAtomic(marker, `${JSON.stringify(now)}\n`);
  }
  const then = parse(text, marker);
  if (contains(now.uids, then.uids) && contains(now.gids, then.gids)) return;
  throw foreign(
    paths.state,
    'was made with other ids than this namespace has',
    `give back what /etc/subuid and /etc/subgid granted: ${marker} lists it; or move the store away`,
  );
}
