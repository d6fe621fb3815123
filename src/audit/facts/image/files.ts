// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants } from 'node:fs';
import { getXattr, openBeneath, readBeneath } from '../../../native.ts';
import { LanguagePackages } from '../../../runtime/images/sbom/languages.ts';
import { readInventory } from '../../../runtime/images/sbom/read.ts';
import { SnapshotWalk } from '../../../runtime/images/snapshots.ts';
import { type Entry, type Layer, Walk } from '../../../runtime/images/walk.ts';
import type { VulnerabilityDatabase } from '../../vulnerabilities/database.ts';
import { match, type Vulnerabilities } from '../../vulnerabilities/match.ts';
import { secretOf } from './secrets.ts';
import type { Account, Cache, FileFact, ImageFiles, SecretFile } from './types.ts';

/** Of each kind; what is wrong with a thousand files is wrong enough, and a report with more is read by nobody. */
const KIND_LIMIT = 1000;
const HEAD_LIMIT = 4096;

const CACHES: readonly (readonly [string, RegExp])[] = [
  ['var/lib/apt/lists', /^var\/lib\/apt\/lists\/(?!lock$|partial\/|auxfiles\/)./],
  ['var/cache/apt', /^var\/cache\/apt\/(?:archives\/.*\.deb|.*\.bin)$/],
  ['var/cache/apk', /^var\/cache\/apk\/./],
  ['var/cache/dnf', /^var\/cache\/(?:lib)?dnf5?\/./],
  ['var/cache/yum', /^var\/cache\/yum\/./],
  ['var/cache/zypp', /^var\/cache\/zypp\/./],
  ['root/.cache/pip', /^root\/\.cache\/pip\/./],
  ['root/.npm/_cacache', /^root\/\.npm\/_cacache\/./],
];

/** A path as text: bytes that are no UTF-8, and characters that would act on a terminal, as `\xNN`. */
export function pathText(path: Buffer): string {
  const text = path.toString('utf8');
  const isText = Buffer.from(text).equals(path) && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text);
  if (isText) return text;
  return path
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A path as the extractor's JSON has it: what is no UTF-8 is lost there, a run of it here. One more file is better than one less. */
export const notedPath = (path: Buffer | string): string => path.toString('utf8').replace(/\ufffd+/g, '\ufffd');

/** Collects facts from each file that a walk meets. */
class Collector {
  readonly setid: FileFact[] = [];
  readonly capable: FileFact[] = [];
  readonly writable: (FileFact & { directory: boolean })[] = [];
  readonly secrets: SecretFile[] = [];
  readonly caches = new Map<string, { files: number; bytes: number }>();
  readonly owners = new Map<number, { files: number; example: string }>();
  readonly #capabilities: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(capabilities: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#capabilities = capabilities;
  }

  #add<T>(list: T[], item: T): void {
    if (list.length < KIND_LIMIT) list.push(item);
  }

  visit(entry: Entry): void {
    const { stat, hidden, layer } = entry;
    const path = pathText(entry.path);
    const what = secretOf(entry, path, () => isRepository(entry));
    if (what !== undefined) this.#add(this.secrets, { path, what, hidden, layer: layer.diffId });
    if (hidden || stat.isSymbolicLink()) return;
    const fact = { path, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
    const directory = stat.isDirectory();
    if (stat.isFile() && (stat.mode & 0o6000) !== 0) this.#add(this.setid, fact);
    if (this.#capabilities.get(layer.diffId)?.has(notedPath(entry.path)) || hasCapabilities(entry))
      this.#add(this.capable, fact);
    if ((stat.mode & 0o002) !== 0 && (stat.isFile() || (directory && (stat.mode & 0o1000) === 0)))
      this.#add(this.writable, { ...fact, directory });
    const owner = this.owners.get(stat.uid) ?? { files: 0, example: path };
    this.owners.set(stat.uid, { ...owner, files: owner.files + 1 });
    if (stat.isFile()) this.#cache(path, stat.size);
  }

  #cache(path: string, size: number): void {
    const [name] = CACHES.find(([, form]) => form.test(path)) ?? [];
    if (name === undefined) return;
    const { files, bytes } = this.caches.get(name) ?? { files: 0, bytes: 0 };
    this.caches.set(name, { files: files + 1, bytes: bytes + size });
  }
}

/** Only what can be executed can use them. */
function hasCapabilities({ layer, root, path, stat }: Entry): boolean {
  if (layer.attributes !== true || !stat.isFile() || (stat.mode & 0o111) === 0) return false;
  try {
    const fd = openBeneath(root, path, constants.O_RDONLY | constants.O_NONBLOCK, { noSymlinks: true });
    try {
      return getXattr(fd, 'security.capability') !== null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** A directory `.git` with a HEAD: one that was emptied is none. */
function isRepository({ root, path }: Entry): boolean {
  try {
    return readBeneath(root, Buffer.concat([path, Buffer.from('/HEAD')]), HEAD_LIMIT, { noSymlinks: true }) !== null;
  } catch {
    return false;
  }
}

/**
 * Look at every file of the layers, lowest first, and hold what is installed against advisories.
 * @param capabilities by diff id, the `notedPath` of files that have some
 * @param database of advisories; undefined: nobody is asked
 * @param whole each layer is a copy of the one below it, with its changes made
 */
export function collectFiles(
  layers: readonly Layer[],
  capabilities: ReadonlyMap<string, ReadonlySet<string>>,
  accounts: readonly Account[] | null,
  database: VulnerabilityDatabase | undefined,
  whole = false,
): { files: ImageFiles; incomplete: string | null; vulnerabilities: Vulnerabilities | null } {
  const found = new Collector(capabilities);
  // Programs are opened for it, so only where somebody is to be asked about what they hold.
  const languages = database === undefined ? undefined : new LanguagePackages();
  const visit = (entry: Entry): void => {
    found.visit(entry);
    languages?.visit(entry);
  };
  const complete = (whole ? new SnapshotWalk(visit) : new Walk(visit)).run(layers);
  const known = new Set([0, ...(accounts ?? []).map(({ uid }) => uid)]);
  const strangers = [...found.owners].filter(([uid]) => accounts !== null && !known.has(uid));
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  const caches: Cache[] = [...found.caches].map(([path, sum]) => ({ path, ...sum }));
  return {
    files: {
      setid: found.setid.sort(byPath),
      capable: found.capable.sort(byPath),
      writable: found.writable.sort(byPath),
      secrets: found.secrets.sort(byPath),
      caches: caches.sort(byPath),
      strangers: strangers.map(([uid, sum]) => ({ uid, ...sum })).sort((a, b) => a.uid - b.uid),
    },
    incomplete: complete ? null : 'the image has more files than are looked at',
    vulnerabilities:
      database === undefined
        ? null
        : match(
            database,
            readInventory(
              (whole ? layers.slice(-1) : layers).map(({ root }) => root),
              languages,
            ),
          ),
  };
}
