// SPDX-License-Identifier: Apache-2.0
// Walks an image whose layers are kept as whole trees, each a copy of the one below with its changes made (vfs of docker and podman): what
// the walk over layers of differences visits, told from what differs between one tree and the next. Hostile, like those: nothing is opened
// but directories, and through no link.
import { closeSync, constants, openSync, type Stats } from 'node:fs';
import { listDirectory } from './listing.ts';
import type { Entry, Layer } from './walk.ts';

/** Entries of all trees together. */
const ENTRY_LIMIT = 2_000_000;
const SLASH = Buffer.from('/');

interface Tree {
  readonly layer: Layer;
  readonly root: number;
}

/** A copy keeps everything of a file but its place on the disk, and the time when that was made. */
const same = (a: Stats, b: Stats): boolean =>
  a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.rdev === b.rdev && sameContent(a, b);
/** Of a directory the times and the size are those of its list. */
const sameContent = (a: Stats, b: Stats): boolean => a.isDirectory() || (a.size === b.size && a.mtimeMs === b.mtimeMs);

export class SnapshotWalk {
  readonly #visit: (entry: Entry) => void;
  #left = ENTRY_LIMIT;

  constructor(visit: (entry: Entry) => void) {
    this.#visit = visit;
  }

  /**
   * Visit everything, lowest tree first; what the highest one does not have, or has otherwise, is hidden. A file that was replaced by one with
   * the same size, times, mode and owner counts as that. False when there is more than is looked at.
   */
  run(layers: readonly Layer[]): boolean {
    const trees: Tree[] = [];
    try {
      for (const layer of layers)
        trees.push({
          layer,
          root: openSync(layer.root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
        });
      return this.#directory(Buffer.alloc(0), trees, trees.at(-1));
    } finally {
      for (const { root } of trees) closeSync(root);
    }
  }

  /** One path in every tree that has a directory there, lowest first. @param top the highest of all trees */
  #directory(path: Buffer, trees: readonly Tree[], top: Tree | undefined): boolean {
    const listed = trees.map((tree) => ({ tree, names: listDirectory(tree.root, path).names }));
    for (const name of new Set(listed.flatMap(({ names }) => [...names.keys()]))) {
      const bytes = Buffer.from(name, 'latin1');
      const inner = path.length === 0 ? bytes : Buffer.concat([path, SLASH, bytes]);
      const below: Tree[] = [];
      const versions: { tree: Tree; stat: Stats }[] = [];
      let before: Stats | undefined;
      for (const { tree, names } of listed) {
        const stat = names.get(name);
        this.#left -= 1;
        if (this.#left < 0) return false;
        if (stat?.isDirectory() === true) below.push(tree);
        if (stat !== undefined && (before === undefined || !same(before, stat))) versions.push({ tree, stat });
        before = stat;
      }
      const shown = listed.at(-1)?.tree === top && before !== undefined;
      for (const [i, { tree, stat }] of versions.entries()) {
        const hidden = !shown || i < versions.length - 1;
        // A directory that goes on has one owner and mode, the last.
        if (hidden && shown && stat.isDirectory() && before?.isDirectory() === true) continue;
        this.#visit({ layer: tree.layer, root: tree.root, path: inner, name, stat, hidden });
      }
      if (below.length > 0 && !this.#directory(inner, below, top)) return false;
    }
    return true;
  }
}
