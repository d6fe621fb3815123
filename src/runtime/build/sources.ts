// SPDX-License-Identifier: Apache-2.0
// What COPY and ADD take: files of the build context or of a tree, found by path or pattern.
import { components, type Node, type Tree, textOf } from '../images/layer/tree.ts';
import type { Ignore } from './ignore.ts';
import { isPattern, literal, PathPattern } from './patterns.ts';

/** Where files are copied from. */
export interface SourceTree {
  readonly tree: Tree;
  /** Of a build context; undefined for another stage or image. */
  readonly ignore: Ignore | undefined;
  /** For messages: `the build context`, `stage build`. */
  readonly what: string;
}

/** A file below a source, with its path relative to it ('' is the source itself). */
export interface Found {
  readonly relative: string;
  readonly node: Node;
}

const seen = ({ ignore }: SourceTree, path: string) => path === '' || ignore?.ignores(path) !== true;

/** A source, where it leads to when it is a link, and the name that it is copied under. */
export interface Named {
  readonly name: string;
  readonly node: Node;
}

const nameIn = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** The sources that a word of COPY names; none when there is none. */
export function findSources(source: SourceTree, word: string): Named[] {
  const { tree } = source;
  const paths = isPattern(word) ? matching(source, word) : [literal(word)];
  return paths.flatMap((path) => {
    const { node, missing } = tree.resolve(path);
    if (node === undefined || missing.length > 0) return [];
    // An ignored directory counts as there when something in it is kept.
    const visible = seen(source, node.path) || (source.ignore?.exceptions === true && node.stat.isDirectory());
    return visible ? [{ name: nameIn(components(path).join('/')), node }] : [];
  });
}

function matching({ tree }: SourceTree, word: string): string[] {
  const pattern = PathPattern.parse(word, false);
  let here: Node[] = tree.root === undefined ? [] : [tree.root];
  for (const fits of pattern?.parts ?? []) {
    const next: Node[] = [];
    for (const node of here) {
      // Links among the parents are followed, as of a path without a pattern.
      const directory = node.stat.isSymbolicLink() ? tree.resolve(node.path).node : node;
      if (directory?.stat.isDirectory() !== true) continue;
      next.push(...tree.children(directory).filter(({ path }) => fits(nameIn(path))));
    }
    here = next;
  }
  return here.map(({ path }) => path);
}

/** A file, or a directory with everything in it that is not ignored, parents first. */
export function* walk(source: SourceTree, top: Node, excluded: Ignore | undefined): Generator<Found> {
  const under = (path: string) => path.slice(top.path === '' || path === '' ? 0 : top.path.length + 1);
  function* below(node: Node): Generator<Found> {
    const relative = node === top ? '' : under(node.path);
    const visible = node === top || (seen(source, node.path) && excluded?.ignores(relative) !== true);
    if (!node.stat.isDirectory()) {
      if (visible) yield { relative, node };
      return;
    }
    if (visible) {
      yield { relative, node };
      for (const child of source.tree.children(node)) yield* below(child);
    } else if (source.ignore?.exceptions === true || excluded?.exceptions === true) {
      let first = true;
      for (const child of source.tree.children(node))
        for (const found of below(child)) {
          if (first) yield { relative, node };
          first = false;
          yield found;
        }
    }
  }
  yield* below(top);
}

/** For people. */
export const nameOf = (node: Node): string => `/${textOf(node.path)}`;
