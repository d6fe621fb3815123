// SPDX-License-Identifier: Apache-2.0
// From unpacked layers to an inventory.
import { closeSync, constants, openSync } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { errnoOf } from '../durable.ts';
import { isWhiteout, listDirectory } from '../listing.ts';
import { readMerged } from '../merged.ts';
import { inventory, parseApkInstalled, parseDpkgStatus, parseOsRelease } from './inventory.ts';
import type { Inventory } from './types.ts';

/** Bytes of one database. Debian's whole archive would be 60 MiB. */
const DATABASE_LIMIT = 64 << 20;
const OS_RELEASE_LIMIT = 1 << 16;
/** Images without dpkg have one file for each package. */
const STATUS_D = 'var/lib/dpkg/status.d';
const STATUS_D_LIMIT = 10_000;

/** Names of regular files that any layer has in a directory. Which of them count is what `readMerged` says. */
function namesIn(layers: readonly string[], directory: string): string[] {
  const names = new Set<string>();
  for (const layer of layers) {
    const root = openSync(layer, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      for (const [name, stat] of listDirectory(root, Buffer.from(directory)).names)
        if (stat.isFile() && !isWhiteout(stat)) names.add(Buffer.from(name, 'latin1').toString('utf8'));
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw error;
    } finally {
      closeSync(root);
    }
  }
  if (names.size <= STATUS_D_LIMIT) return [...names].sort();
  throw new SecureError('LIMIT_EXCEEDED', `/${directory} of the image has more than ${STATUS_D_LIMIT} files`);
}

/**
 * Read what package managers (dpkg, apk) say is installed in an image.
 * @param layers root directories of the unpacked layers, lowest first; the caller holds the store lock or the stage that they are in
 * @throws SecureError LIMIT_EXCEEDED
 */
export function readInventory(layers: readonly string[]): Inventory {
  const read = (path: string, limit = DATABASE_LIMIT) => readMerged(layers, path, limit);
  const packages = [
    ...parseDpkgStatus(read('var/lib/dpkg/status')),
    ...namesIn(layers, STATUS_D)
      .filter((name) => !name.endsWith('.md5sums'))
      .flatMap((name) => parseDpkgStatus(read(`${STATUS_D}/${name}`, OS_RELEASE_LIMIT * 16))),
    ...parseApkInstalled(read('lib/apk/db/installed') || read('usr/lib/apk/db/installed')),
  ];
  // /etc/os-release is a link in most distributions, and links of an image are not followed.
  const release = read('usr/lib/os-release', OS_RELEASE_LIMIT) || read('etc/os-release', OS_RELEASE_LIMIT);
  return inventory(packages, parseOsRelease(release));
}
