// SPDX-License-Identifier: Apache-2.0
// The files of a container as one archive, as a process in it would see them, mounts left out.
import type { Stats } from 'node:fs';
import { archiveOf, deviceOf, type LayerMember } from '../images/layer/archive.ts';
import { isGone, Members, treeFiles } from '../images/layer/members.ts';
import { type Node, Tree } from '../images/layer/tree.ts';
import { RANGE_SIZE } from '../plan/user.ts';
import { type Container, findContainer } from './containers.ts';
import { rootOf } from './root.ts';

/** None of a directory that is gone meanwhile. */
function childrenOf(tree: Tree, directory: Node): Node[] {
  try {
    return tree.children(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function* exported(tree: Tree, first: number | undefined): Generator<LayerMember> {
  // Owners of what the container wrote are of its range. What is outside of it, which cannot be, becomes nobody's.
  const id = (node: Node, host: number): number => {
    if (first === undefined || !tree.isTop(node)) return host;
    return host >= first && host < first + RANGE_SIZE ? host - first : RANGE_SIZE - 2;
  };
  const owner = (node: Node, { uid, gid }: Stats) => ({ uid: id(node, uid), gid: id(node, gid) });
  const files = treeFiles(tree, owner, (node) => (tree.isTop(node) ? (first ?? 0) : 0));
  const members = new Members(files, { latest: undefined, links: true, live: true });
  function* below(directory: Node): Generator<LayerMember> {
    for (const node of childrenOf(tree, directory)) {
      const member = members.member(node.path, node, node.stat);
      if (member === undefined) continue;
      const device = member.type === '3' || member.type === '4' ? { device: deviceOf(node.stat.rdev) } : {};
      yield { ...member, ...device };
      if (member.type === '5') yield* below(node);
    }
  }
  if (tree.root !== undefined) yield* below(tree.root);
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
    for (const chunk of archiveOf(exported(tree, first))) {
      signal?.throwIfAborted();
      await write(chunk);
    }
    return container;
  } finally {
    tree.close();
  }
}
