// SPDX-License-Identifier: Apache-2.0
// Packages of languages in unpacked layers, each of which is walked once: what was found in it is kept in languages/ of the state root. A file
// there says nothing that its layer does not say, so one that is missing, damaged or of another version is made again.
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { O_PATH, openBeneath } from '../../../native.ts';
import { digestFile, sweepDigestFiles } from '../digest-files.ts';
import { errnoOf, writeAtomic } from '../durable.ts';
import { isOpaque, isWhiteout } from '../listing.ts';
import type { StorePaths } from '../roots.ts';
import { Walk } from '../walk.ts';
import { type Found, isLanguage, type Language, LanguagePackages, languagePackage } from './languages.ts';

/** Counts up when `LanguagePackages` finds more, or other packages, in the same files. */
const VERSION = 1;

const directory = (paths: StorePaths): string => join(paths.state, 'languages');

/** An unpacked layer of the store. */
export interface KeptLayer {
  readonly diffId: string;
  readonly path: string;
}

/** With the path as latin1, so that each byte is kept. */
type Row = readonly [path: string, packages: readonly (readonly [Language, string, string, string])[]];

const isText = (value: unknown): value is string => typeof value === 'string';
const isRow = (row: unknown): row is Row =>
  Array.isArray(row) &&
  row.length === 2 &&
  isText(row[0]) &&
  Array.isArray(row[1]) &&
  row[1].every((one) => Array.isArray(one) && one.length === 4 && one.every(isText) && isLanguage(one[0]));

function read(file: string): readonly Row[] | undefined {
  try {
    const { version, found } = (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as Record<string, unknown>;
    return version === VERSION && Array.isArray(found) && found.every(isRow) ? found : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const toRow = ({ path, packages }: Found): Row => [
  path.toString('latin1'),
  packages.flatMap(({ type, name, version, license = '' }) =>
    isLanguage(type) ? [[type, name, version, license]] : [],
  ),
];
const fromRow = ([path, packages]: Row): Found => ({
  path: Buffer.from(path, 'latin1'),
  packages: packages.map((one) => languagePackage(...one)),
});

/** Every file of one layer, for what it may hold. */
function walk(layer: KeptLayer): readonly Found[] {
  const languages = new LanguagePackages();
  const only = { diffId: layer.diffId, root: layer.path, opaque: false };
  if (new Walk((entry) => languages.visit(entry)).run([only])) return languages.found;
  throw new SecureError('LIMIT_EXCEEDED', `layer ${layer.diffId} has more files than are looked at`);
}

async function foundIn(paths: StorePaths, layer: KeptLayer): Promise<readonly Found[]> {
  const file = digestFile(directory(paths), layer.diffId);
  const kept = read(file);
  if (kept !== undefined) return kept.map(fromRow);
  const found = walk(layer);
  mkdirSync(directory(paths), { recursive: true, mode: 0o700 });
  await writeAtomic(file, `${JSON.stringify({ version: VERSION, found: found.map(toRow) })}\n`);
  return found;
}

const SLASH = '/'.charCodeAt(0);

/** What one layer hides of those below it, as overlayfs has it. */
class Cover {
  readonly #root: number;
  readonly #directories = new Map<string, 'absent' | 'hides' | 'merged'>();

  constructor(root: number) {
    this.#root = root;
  }

  /** @param path of a file of a lower layer, relative */
  hides(path: Buffer): boolean {
    const above = this.#directory(path.subarray(0, Math.max(0, path.lastIndexOf(SLASH))));
    return above === 'merged' ? this.#look(path) !== 'absent' : above === 'hides';
  }

  #directory(path: Buffer): 'absent' | 'hides' | 'merged' {
    const key = path.toString('latin1');
    let state = this.#directories.get(key);
    if (state === undefined) {
      const above =
        path.length === 0 ? 'merged' : this.#directory(path.subarray(0, Math.max(0, path.lastIndexOf(SLASH))));
      state = above === 'merged' ? this.#look(path) : above;
      this.#directories.set(key, state);
    }
    return state;
  }

  /** The entry itself; everything above it is a directory of this layer that is merged. */
  #look(path: Buffer): 'absent' | 'hides' | 'merged' {
    let named: number;
    try {
      const flags = O_PATH | constants.O_NOFOLLOW;
      named = openBeneath(this.#root, path.length === 0 ? '.' : path, flags, { noSymlinks: true });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 'absent';
      throw error;
    }
    try {
      const stat = fstatSync(named);
      if (isWhiteout(stat) || !stat.isDirectory()) return 'hides';
      const opened = openSync(`/proc/self/fd/${named}`, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        return isOpaque(opened) ? 'hides' : 'merged';
      } finally {
        closeSync(opened);
      }
    } finally {
      closeSync(named);
    }
  }
}

/**
 * Packages of languages that a container of these layers would see.
 * @param layers lowest first; the caller holds the store lock
 * @throws SecureError LIMIT_EXCEEDED
 */
export async function keptLanguages(paths: StorePaths, layers: readonly KeptLayer[]): Promise<LanguagePackages> {
  const roots: number[] = [];
  const covers: Cover[] = [];
  const seen: Found[] = [];
  try {
    for (const layer of layers.toReversed()) {
      const found = await foundIn(paths, layer);
      seen.push(...found.filter(({ path }) => !covers.some((cover) => cover.hides(path))));
      const root = openSync(layer.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      roots.push(root);
      covers.push(new Cover(root));
    }
  } finally {
    for (const root of roots) closeSync(root);
  }
  return new LanguagePackages(seen);
}

/** Forget what was found in a layer, since its files may not have been what they are. */
export const forgetLanguages = (paths: StorePaths, diffId: string): void =>
  rmSync(digestFile(directory(paths), diffId), { force: true });

/** Forget layers that are gone. The caller holds the store lock exclusively. */
export const sweepLanguages = (paths: StorePaths, keep: ReadonlySet<string>): void =>
  sweepDigestFiles(directory(paths), keep);
