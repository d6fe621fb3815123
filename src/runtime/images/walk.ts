// SPDX-License-Identifier: Apache-2.0
// Walks all layers at once, as overlayfs would merge them, without mounting anything: hostile trees, so nothing is opened but directories
// through no link, and a link is what it is.

import { closeSync, constants, openSync, type Stats } from 'node:fs';
import { isWhiteout, listDirectory } from './listing.ts';

export interface Layer {
  readonly diffId: string;
  /** Directory it is unpacked in. */
  readonly root: string;
  /** It hides everything below it. */
  readonly opaque: boolean;
  /** Its files have their capabilities with them, as engines that run them store them; else somebody noted them. */
  readonly attributes?: boolean;
}
export interface Entry {
  readonly layer: Layer;
  /** Descriptor of the layer's root. */
  readonly root: number;
  /** Relative; may be any bytes. */
  readonly path: Buffer;
  readonly name: string;
  readonly stat: Stats;
  /** An upper layer deletes or replaces it. */
  readonly hidden: boolean;
}

/** Entries of all layers together; the largest public images have a tenth. */
const ENTRY_LIMIT = 2_000_000;
const SLASH = Buffer.from('/');

interface Directory {
  readonly layer: Layer;
  readonly root: number;
  readonly hidden: boolean;
}
export class Walk {
  readonly #visit: (entry: Entry) => void;
  #left = ENTRY_LIMIT;

  constructor(visit: (entry: Entry) => void) {
    this.#visit = visit;
  }

  /** Visit everything in the layers, lowest first. False when there is more than is looked at. */
  run(layers: readonly Layer[]): boolean {
    const opened: number[] = [];
    try {
      let hidden = false;
      const directories: Directory[] = [];
      for (const layer of layers.toReversed()) {
        const root = openSync(layer.root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
        opened.push(root);
        directories.push({ layer, root, hidden });
        hidden ||= layer.opaque;
      }
      return this.#directory(Buffer.alloc(0), directories);
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  }

  /** One path in every layer that has a directory there, uppermost first. */
  #directory(path: Buffer, directories: readonly Directory[]): boolean {
    let opaque = false;
    const listed = directories.map((directory) => {
      const found = { directory, hidden: directory.hidden || opaque, ...listDirectory(directory.root, path) };
      opaque ||= found.opaque;
      return found;
    });
    for (const name of new Set(listed.flatMap(({ names }) => [...names.keys()]))) {
      const bytes = Buffer.from(name, 'latin1');
      const inner = path.length === 0 ? bytes : Buffer.concat([path, SLASH, bytes]);
      const below: Directory[] = [];
      let covered = false;
      for (const { directory, hidden, names } of listed) {
        const stat = names.get(name);
        if (stat === undefined) continue;
        this.#left -= 1;
        if (this.#left < 0) return false;
        const isHidden = hidden || covered;
        if (isWhiteout(stat)) {
          covered = true;
          continue;
        }
        // Of directories that are merged the uppermost gives mode and owner.
        const merged = stat.isDirectory() && below.some((one) => !one.hidden);
        if (!merged || isHidden)
          this.#visit({ layer: directory.layer, root: directory.root, path: inner, name, stat, hidden: isHidden });
        if (stat.isDirectory()) below.push({ layer: directory.layer, root: directory.root, hidden: isHidden });
        else covered = true;
      }
      if (below.length > 0 && !this.#directory(inner, below)) return false;
    }
    return true;
  }
}
