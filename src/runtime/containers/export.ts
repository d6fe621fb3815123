// SPDX-License-Identifier: Apache-2.0
// The files of a container as one archive, as a process in it would see them, mounts left out.
import { closeSync } from 'node:fs';
import { archiveOf, deviceOf, kindOf, type LayerMember, timeOf } from '../images/layer/archive.ts';
import { attributesOf } from '../images/layer/attributes.ts';
import { bytesOf, type Node, Tree, textOf } from '../images/layer/tree.ts';
import { RANGE_SIZE } from '../plan/user.ts';
import { type Container, findContainer } from './containers.ts';
import { rootOf } from './root.ts';

class Exported {
  readonly #tree: Tree;
  readonly #first: number | undefined;
  readonly #linked = new Map<string, string>();

  constructor(tree: Tree, first: number | undefined) {
    this.#tree = tree;
    this.#first = first;
  }

  /** Owners of what the container wrote are of its range. What is outside of it, which cannot be, becomes nobody's. */
  #id(node: Node, id: number): number {
    if (this.#first === undefined || !this.#tree.isTop(node)) return id;
    return id >= this.#first && id < this.#first + RANGE_SIZE ? id - this.#first : RANGE_SIZE - 2;
  }

  *members(directory: Node): Generator<LayerMember> {
    for (const node of this.#tree.children(directory)) {
      const member = this.#member(node);
      if (member === undefined) continue;
      yield member;
      if (member.type === '5') yield* this.members(node);
    }
  }

  #member(node: Node): LayerMember | undefined {
    const { path, stat } = node;
    const type = kindOf(stat);
    if (type === undefined) return undefined;
    const base = {
      path: bytesOf(type === '5' ? `${path}/` : path),
      type,
      mode: stat.mode & 0o7777,
      uid: this.#id(node, stat.uid),
      gid: this.#id(node, stat.gid),
      mtime: timeOf(stat, undefined),
    };
    if (type === '2') return { ...base, link: bytesOf(this.#tree.readLink(node)) };
    if (type === '3' || type === '4') return { ...base, device: deviceOf(stat.rdev) };
    if (type === '6') return base;
    if (type === '0' && stat.nlink > 1) {
      const inode = `${stat.dev}:${stat.ino}`;
      const known = this.#linked.get(inode);
      if (known !== undefined) return { ...base, type: '1', link: bytesOf(known) };
      this.#linked.set(inode, path);
    }
    const fd = this.#tree.openAny(node);
    try {
      const xattrs = attributesOf(fd, this.#tree.isTop(node) ? (this.#first ?? 0) : 0, `/${textOf(path)}`);
      return { ...base, xattrs, ...(type === '0' ? { size: stat.size, open: () => this.#tree.openFile(node) } : {}) };
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * Write the archive.
 * @throws SecureError NO_SUCH_CONTAINER, STORE_CORRUPT, BUILD_FAILED when a file changes while it is read
 */
export async function exportContainer(
  idOrName: string,
  write: (chunk: Buffer) => Promise<void> | void,
  signal?: AbortSignal,
): Promise<Container> {
  const container = await findContainer(idOrName);
  const { layers, upper, first } = await rootOf(container);
  const tree = Tree.open([...layers, upper]);
  try {
    const { root } = tree;
    const exported = new Exported(tree, first);
    for (const chunk of archiveOf(root === undefined ? [] : exported.members(root))) {
      signal?.throwIfAborted();
      await write(chunk);
    }
    return container;
  } finally {
    tree.close();
  }
}
