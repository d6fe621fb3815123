// SPDX-License-Identifier: Apache-2.0
// From unpacked layers to an inventory.
import { closeSync, constants, openSync } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { errnoOf } from '../durable.ts';
import { isWhiteout, listDirectory } from '../listing.ts';
import { readMerged, readMergedBytes } from '../merged.ts';
import { Walk } from '../walk.ts';
import { inventory, parseApkInstalled, parseDpkgStatus, parseOsRelease } from './inventory.ts';
import { LanguagePackages } from './languages.ts';
import type { RpmPackage } from './rpm/header.ts';
import { readRpm } from './rpm/read.ts';
import type { Inventory } from './types.ts';

/** Bytes of one database. Debian's whole archive would be 60 MiB. */
const DATABASE_LIMIT = 64 << 20;
/** With names of all files: 120 MiB for a desktop. */
const RPM_LIMIT = 256 << 20;
const OS_RELEASE_LIMIT = 1 << 16;
/** Images without dpkg have one file for each package. */
const STATUS_D = 'var/lib/dpkg/status.d';
/** Of one directory: dpkg has some five files for each package. */
const NAMES_LIMIT = 200_000;

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
  if (names.size <= NAMES_LIMIT) return [...names].sort();
  throw new SecureError('LIMIT_EXCEEDED', `/${directory} of the image has more than ${NAMES_LIMIT} files`);
}

const INFO = 'var/lib/dpkg/info';

/** Files that dpkg, apk and rpm have put there, as paths without a leading slash. */
function ownedFiles(layers: readonly string[], apk: string, rpm: readonly RpmPackage[]): Set<string> {
  const owned = new Set(rpm.flatMap(({ files }) => files));
  for (const name of namesIn(layers, INFO).filter((one) => one.endsWith('.list')))
    for (const line of readMerged(layers, `${INFO}/${name}`, DATABASE_LIMIT).split('\n')) owned.add(line.slice(1));
  let directory = '';
  for (const line of apk.split('\n')) {
    if (line.startsWith('F:')) directory = line.slice(2);
    else if (line.startsWith('R:')) owned.add(directory === '' ? line.slice(2) : `${directory}/${line.slice(2)}`);
  }
  // A merged /usr has two names for one file.
  for (const path of [...owned]) if (/^(?:bin|sbin|lib\w*)\//.test(path)) owned.add(`usr/${path}`);
  return owned;
}

/** Every file of the layers, for what it may hold. */
function lookForLanguages(layers: readonly string[]): LanguagePackages {
  const languages = new LanguagePackages();
  const whole = layers.map((root) => ({ diffId: '', root, opaque: false }));
  if (new Walk((entry) => languages.visit(entry)).run(whole)) return languages;
  throw new SecureError('LIMIT_EXCEEDED', 'the image has more files than are looked at');
}

/**
 * What package managers of the system (dpkg, apk, rpm) say is installed in an image, and packages of languages beside them.
 * @param layers root directories of the unpacked layers, lowest first; the caller holds the store lock or the stage that they are in
 * @param languages what a walk over the same layers has found; undefined: they are walked for it
 * @throws SecureError LIMIT_EXCEEDED
 */
export function readInventory(layers: readonly string[], languages = lookForLanguages(layers)): Inventory {
  const read = (path: string, limit = DATABASE_LIMIT) => readMerged(layers, path, limit);
  const apk = read('lib/apk/db/installed') || read('usr/lib/apk/db/installed');
  const rpm = readRpm((path) => readMergedBytes(layers, path, RPM_LIMIT));
  const owned = languages.empty ? new Set<string>() : ownedFiles(layers, apk, rpm.packages);
  const packages = [
    ...parseDpkgStatus(read('var/lib/dpkg/status')),
    ...namesIn(layers, STATUS_D)
      .filter((name) => !name.endsWith('.md5sums'))
      .flatMap((name) => parseDpkgStatus(read(`${STATUS_D}/${name}`, OS_RELEASE_LIMIT * 16))),
    ...parseApkInstalled(apk),
    ...rpm.packages.map((one) => one.package),
    ...languages.packages((path) => owned.has(path)),
  ];
  // /etc/os-release is a link in most distributions, and links of an image are not followed.
  const release = read('usr/lib/os-release', OS_RELEASE_LIMIT) || read('etc/os-release', OS_RELEASE_LIMIT);
  return inventory(packages, parseOsRelease(release), rpm.unread);
}
