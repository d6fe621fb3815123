// SPDX-License-Identifier: Apache-2.0
// Who wrote what: all layers walked at once, as overlayfs would merge them. Hostile trees: nothing is opened but directories, by descriptor
// and through no link, and a link is what it is. Memory: the names of one directory per level, and a bounded list for each layer.
import { closeSync, constants, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Extracted } from './extract.ts';
import { type HistoryLayer, imageHistory } from './history.ts';
import { isWhiteout, type Listing, listDirectory, nameText } from './listing.ts';
import { lockFile } from './lock.ts';
import { readLayer } from './read.ts';
import type { ImageRecord } from './records.ts';
import type { ImageStore } from './store.ts';

/** Layers that were unpacked by an earlier version have no list. */
type Note = Extracted & { readonly fileCapabilities?: readonly string[] };

/** Added, changed, deleted, as docker and podman mark them. */
export type Mark = 'A' | 'C' | 'D';

export interface LayerTree extends HistoryLayer {
  /** The step that made it, by the image's own account. */
  readonly createdBy: string;
  readonly added: number;
  /** Replaced, or given another mode or owner. */
  readonly changed: number;
  /** Entries of lower layers that it hides. */
  readonly deleted: number;
  /** Bytes of the files that it brings. */
  readonly bytes: number;
  /** Bytes of files of lower layers that it replaces or hides: they are shipped, and nobody sees them. */
  readonly wasted: number;
  /** Set-user-id and set-group-id files. */
  readonly setid: readonly string[];
  /** Files with capabilities. */
  readonly capabilities: readonly string[];
  /** The first of what it added, changed and deleted. */
  readonly paths: readonly { readonly path: string; readonly mark: Mark }[];
}

export interface ImageTree {
  readonly record: ImageRecord;
  /** Lowest first. */
  readonly layers: readonly LayerTree[];
  /** False when there are more files than are looked at, so that the numbers are too small. */
  readonly complete: boolean;
}

const ENTRY_LIMIT = 2_000_000;
/** Paths in each list of a layer. */
const PATH_LIMIT = 1000;
const SLASH = Buffer.from('/');
class Account {
  added = 0;
  changed = 0;
  deleted = 0;
  bytes = 0;
  wasted = 0;
  readonly paths: { path: string; mark: Mark }[] = [];
  /** Inodes of files with several names, whose bytes count once. */
  readonly #linked = new Set<number>();

  note(mark: Mark, path: Buffer): void {
    if (mark === 'A') this.added++;
    else if (mark === 'C') this.changed++;
    else this.deleted++;
    if (this.paths.length < PATH_LIMIT) this.paths.push({ path: nameText(path), mark });
  }

  brings(stat: Stats): void {
    if (!stat.isFile()) return;
    if (stat.nlink > 1 && this.#linked.size < ENTRY_LIMIT) {
      if (this.#linked.has(stat.ino)) return;
      this.#linked.add(stat.ino);
    }
    this.bytes += stat.size;
  }

  hides(stat: Stats): void {
    // The other names of a file may still be seen.
    if (stat.isFile() && stat.nlink === 1) this.wasted += stat.size;
  }
}

/** A layer that has a directory at the path that is looked at. */
interface Here {
  readonly index: number;
  readonly root: number;
}
interface Listed extends Here, Listing {}

const list = ({ index, root }: Here, path: Buffer): Listed => ({ index, root, ...listDirectory(root, path) });

const sameDirectory = (a: Stats, b: Stats) => a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;

class Walk {
  readonly accounts: readonly Account[];
  #left = ENTRY_LIMIT;

  constructor(layers: number) {
    this.accounts = Array.from({ length: layers }, () => new Account());
  }

  /**
   * One path in every layer that has a directory there, lowest first. `cuts`: layers that hide what lower ones have here.
   * False when there is more than is looked at.
   */
  directory(path: Buffer, here: readonly Here[], cuts: ReadonlySet<number>): boolean {
    const listed = here.map((one) => list(one, path));
    const all = new Set([...cuts, ...listed.filter(({ opaque }) => opaque).map(({ index }) => index)]);
    for (const name of [...new Set(listed.flatMap(({ names }) => [...names.keys()]))].sort()) {
      this.#left -= listed.length;
      if (this.#left < 0) return false;
      const bytes = Buffer.from(name, 'latin1');
      const inner = path.length === 0 ? bytes : Buffer.concat([path, SLASH, bytes]);
      const { directories, hidden } = this.#entry(inner, name, listed, all);
      if (directories.length > 0 && !this.directory(inner, directories, hidden)) return false;
    }
    return true;
  }

  /** What each layer did to one name. */
  #entry(path: Buffer, name: string, listed: readonly Listed[], cuts: ReadonlySet<number>) {
    const directories: Here[] = [];
    const hidden = new Set<number>();
    const found = new Map(listed.map((one) => [one.index, one]));
    let below: Stats | undefined;
    for (const index of [...new Set([...found.keys(), ...cuts])].sort((a, b) => a - b)) {
      const account = this.accounts[index] as Account;
      const one = found.get(index);
      const stat = one?.names.get(name);
      const here = stat === undefined || isWhiteout(stat) ? undefined : stat;
      const merged = here?.isDirectory() === true && below?.isDirectory() === true && !cuts.has(index);
      const gone = here === undefined ? stat !== undefined || cuts.has(index) : !merged;
      if (below !== undefined && gone) {
        account.hides(below);
        hidden.add(index);
        if (here === undefined) account.note('D', path);
      }
      if (here === undefined) {
        if (gone) below = undefined;
        continue;
      }
      if (below === undefined) account.note('A', path);
      else if (!merged || !sameDirectory(here, below)) account.note('C', path);
      account.brings(here);
      if (here.isDirectory() && one !== undefined) directories.push({ index, root: one.root });
      below = here;
    }
    return { directories, hidden };
  }
}

/**
 * What each layer of an image has added, changed and deleted. Layers that are not unpacked (any more) are unpacked first.
 * @throws SecureError IMAGE_NOT_FOUND, STORE_CORRUPT, and those of unpacking
 */
export async function imageTree(store: ImageStore, text: string): Promise<ImageTree> {
  await store.imageFacts(text);
  // None of its layers is removed while they are walked.
  const lock = await lockFile(store.paths.lock, false);
  const opened: number[] = [];
  try {
    const { record, history } = await imageHistory(store, text);
    const steps = history
      .toReversed()
      .flatMap(({ layer, createdBy }) => (layer === null ? [] : [{ ...layer, createdBy }]));
    const notes: Note[] = [];
    const here: Here[] = [];
    const cuts = new Set<number>();
    for (const [index, { diffId }] of steps.entries()) {
      const note: Note = await readLayer(store.paths, diffId);
      notes.push(note);
      if (note.opaqueRoot) cuts.add(index);
      const path = join(store.paths.layer(diffId), 'root');
      const root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      opened.push(root);
      here.push({ index, root });
    }
    const walk = new Walk(steps.length);
    const complete = walk.directory(Buffer.alloc(0), here, cuts);
    const layers = steps.map((step, i): LayerTree => {
      const { added, changed, deleted, bytes, wasted, paths } = walk.accounts[i] as Account;
      const { setid = [], fileCapabilities = [] } = notes[i] ?? {};
      const lists = { setid: setid.slice(0, PATH_LIMIT), capabilities: fileCapabilities.slice(0, PATH_LIMIT), paths };
      return { ...step, added, changed, deleted, bytes, wasted, ...lists };
    });
    return { record, layers, complete };
  } finally {
    for (const fd of opened) closeSync(fd);
    lock.release();
  }
}
