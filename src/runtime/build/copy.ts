// SPDX-License-Identifier: Apache-2.0
// COPY and ADD: from files that were found to the members of a layer. Nothing is written here, an extractor does that; where things go is
// decided against the tree that the stage has so far, whose links are followed as the program in the container would.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { contentOf, kindOf, type LayerMember, timeOf } from '../images/layer/archive.ts';
import { Members, treeFiles } from '../images/layer/members.ts';
import { bytesOf, joined, type Node, pathOf, type Tree, textOf } from '../images/layer/tree.ts';
import type { Ignore } from './ignore.ts';
import type { ModeChange } from './mode.ts';
import { failed } from './problems.ts';
import { findSources, type Named, nameOf, type SourceTree, walk } from './sources.ts';

export interface CopyOptions {
  /** Undefined: root's from a build context, else as in the source. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly mode: ModeChange | undefined;
  /** Keep the directories of a source's path (`--parents`). */
  readonly parents: boolean;
  readonly exclude: Ignore | undefined;
  /** Seconds; nothing is dated later. */
  readonly latest: number | undefined;
  /** Seconds: the date of what has none. */
  readonly now: number;
}

/** A file that is not in a tree: a here-document, something that was fetched. */
export interface Inline {
  readonly name: string;
  readonly data: Buffer;
  /** Of the data, in hex. */
  readonly sha256: string;
  readonly mode: number;
  readonly mtime: number;
}

/** @param mtime seconds */
export function inline(name: string, data: Buffer, mode: number, mtime: number): Inline {
  return { name, data, sha256: createHash('sha256').update(data).digest('hex'), mode, mtime };
}

/** Collects the members of one layer. */
export class Copying {
  readonly #below: Tree;
  readonly #options: CopyOptions;
  readonly #members = new Map<string, LayerMember>();
  /** What the stage has where directories of the layer are; undefined where it has none. */
  readonly #directories = new Map<string, Node | undefined>();

  constructor(below: Tree, options: CopyOptions) {
    this.#below = below;
    this.#options = options;
  }

  get members(): Iterable<LayerMember> {
    return this.#members.values();
  }

  /** What the layer depends on: everything but times. */
  get digest(): string {
    const hash = createHash('sha256');
    for (const { path, type, mode, uid, gid, size, link, xattrs, sha256 } of this.members) {
      const attributes = [...(xattrs ?? [])].map(([name, value]) => [name, value.toString('hex')]);
      hash.update(
        `${JSON.stringify([path.toString('latin1'), type, mode, uid, gid, size, link?.toString('latin1'), sha256, attributes])}\n`,
      );
    }
    return hash.digest('hex');
  }

  /**
   * Where a destination is, its links followed.
   * @throws SecureError BUILD_FAILED when a file stands in the way
   */
  #destination(text: string): { path: string; directory: boolean } {
    const { node, missing } = this.#below.resolve(pathOf(text));
    if (node !== undefined && missing.length > 0 && !node.stat.isDirectory())
      throw failed(`${nameOf(node)} is no directory, so nothing can be copied into it`, 'give another destination');
    const path = [...(node === undefined || node.path === '' ? [] : [node.path]), ...missing].join('/');
    return { path, directory: node === undefined ? path === '' : missing.length === 0 && node.stat.isDirectory() };
  }

  /** The directories that a path is in become members, those that are there as they are. Returns what the stage has at the last of them. */
  #parents(path: string): Node | undefined {
    const at = path.lastIndexOf('/');
    if (at < 0) return this.#below.root;
    const directory = path.slice(0, at);
    if (this.#directories.has(directory)) return this.#directories.get(directory);
    const above = this.#parents(directory);
    const here =
      above === undefined ? undefined : this.#below.child(above, directory.slice(directory.lastIndexOf('/') + 1));
    if (!this.#members.has(directory)) {
      if (here !== undefined && !here.stat.isDirectory())
        throw failed(`${nameOf(here)} is no directory, so nothing can be copied into it`, 'give another destination');
      this.#members.set(directory, here === undefined ? this.#newDirectory(directory) : this.#kept(here));
    }
    this.#directories.set(directory, here);
    return here;
  }

  #newDirectory(path: string): LayerMember {
    const { owner, now } = this.#options;
    return {
      path: bytesOf(`${path}/`),
      type: '5',
      mode: 0o755,
      uid: owner?.uid ?? 0,
      gid: owner?.gid ?? 0,
      mtime: now,
    };
  }

  /** A directory of lower layers, which a higher one would hide the owner and mode of. */
  #kept({ path, stat }: Node): LayerMember {
    const { latest } = this.#options;
    return {
      path: bytesOf(`${path}/`),
      type: '5',
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      mtime: timeOf(stat, latest),
    };
  }

  /** What the stage shows at a path whose parents are members. A link is itself. */
  #shown(path: string): Node | undefined {
    if (path === '') return this.#below.root;
    const directory = this.#parents(path);
    if (directory?.stat.isDirectory() !== true) return undefined;
    return this.#below.child(directory, path.slice(path.lastIndexOf('/') + 1));
  }

  #put(path: string, source: SourceTree, node: Node, top: boolean): void {
    const type = kindOf(node.stat);
    // Sockets and devices are of the machine they are on.
    if (type === undefined || type === '3' || type === '4') return;
    const shown = this.#shown(path);
    const there = this.#members.get(path);
    const directoryThere = there === undefined ? shown?.stat.isDirectory() === true : there.type === '5';
    if (type === '5') {
      if ((there ?? shown) !== undefined && !directoryThere)
        throw failed(
          `the directory ${nameOf(node)} of ${source.what} cannot be copied onto /${textOf(path)}, which is none`,
          'give another destination',
        );
      // The destination itself stays what it is, as with docker.
      if (top && directoryThere) {
        if (there === undefined && shown !== undefined && path !== '') this.#members.set(path, this.#kept(shown));
        return;
      }
      if (path === '') return;
    } else if (directoryThere)
      throw failed(
        `${nameOf(node)} of ${source.what} cannot be copied onto the directory /${textOf(path)}`,
        'give a name in it, or end it with a slash',
      );
    const member = this.#member(path, source, node);
    if (member !== undefined) this.#members.set(path, member);
  }

  #member(path: string, source: SourceTree, node: Node): LayerMember | undefined {
    const { owner, mode, latest } = this.#options;
    // What is on the disk of whoever builds is theirs, and in the image root's.
    const context = source.ignore !== undefined;
    const whose = ({ uid, gid }: Stats) => owner ?? (context ? { uid: 0, gid: 0 } : { uid, gid });
    const files = treeFiles(
      source.tree,
      (_, stat) => whose(stat),
      () => 0,
      !context,
    );
    const member = new Members(files, { latest, links: false, live: false }).member(path, node, node.stat);
    if (member === undefined || member.type === '2') return member;
    const given = { ...member, mode: mode?.(member.mode, member.type === '5') ?? member.mode };
    if (given.type !== '0') return given;
    const hash = createHash('sha256');
    for (const chunk of contentOf(given)) hash.update(chunk);
    return { ...given, sha256: hash.digest('hex') };
  }

  /** Sources of a tree. `words` are paths or patterns, `to` is absolute. @throws SecureError BUILD_FAILED */
  fromTree(source: SourceTree, words: readonly string[], to: string): void {
    const destination = this.#destination(to);
    const found = words.flatMap((word) => {
      const nodes = findSources(source, word);
      if (nodes.length > 0) return nodes;
      throw failed(
        `${JSON.stringify(textOf(word))} is not in ${source.what}`,
        source.ignore === undefined
          ? 'check the path'
          : 'check the path and .dockerignore; paths count from the build context, and nothing outside of it is seen',
      );
    });
    const several = found.length > 1 || words.length > 1;
    if (several && !to.endsWith('/') && !destination.directory)
      throw failed(`several files cannot be copied to ${to}, which is no directory`, 'end it with a slash');
    for (const one of found) this.#source(source, one, destination, to.endsWith('/'));
  }

  #source(
    source: SourceTree,
    { name, node }: Named,
    destination: { path: string; directory: boolean },
    slash: boolean,
  ): void {
    const { parents, exclude } = this.#options;
    const inside = parents ? node.path : name;
    const into = parents || (!node.stat.isDirectory() && (slash || destination.directory));
    const top = into && inside !== '' ? joined(destination.path, inside) : destination.path;
    if (top === '' && !node.stat.isDirectory())
      throw failed(`${nameOf(node)} has no name to be copied under`, 'give a file name');
    for (const { relative, node: file } of walk(source, node, exclude)) {
      const path = relative === '' ? top : joined(top, relative);
      this.#put(path, source, file, relative === '');
    }
  }

  /** Everything in a directory of another tree, such as an unpacked archive. */
  fromDirectory(source: SourceTree, directory: Node, to: string): void {
    this.#source(source, { name: '', node: directory }, this.#destination(to), true);
  }

  /** Files that are at hand. */
  fromData(files: readonly Inline[], to: string): void {
    const destination = this.#destination(to);
    const { owner, mode, latest } = this.#options;
    if (files.length > 1 && !to.endsWith('/') && !destination.directory)
      throw failed(`several files cannot be copied to ${to}, which is no directory`, 'end it with a slash');
    for (const file of files) {
      const path =
        to.endsWith('/') || destination.directory ? joined(destination.path, pathOf(file.name)) : destination.path;
      if (this.#shown(path)?.stat.isDirectory() === true)
        throw failed(`/${textOf(path)} is a directory`, 'end it with a slash to copy into it');
      this.#members.set(path, {
        path: bytesOf(path),
        type: '0',
        mode: mode?.(file.mode, false) ?? file.mode,
        uid: owner?.uid ?? 0,
        gid: owner?.gid ?? 0,
        mtime: latest === undefined ? file.mtime : Math.min(file.mtime, latest),
        size: file.data.length,
        data: file.data,
        sha256: file.sha256,
      });
    }
  }

  /** A directory that is to be there, as of WORKDIR. */
  directory(to: string): void {
    const { path, directory } = this.#destination(to);
    if (directory) return;
    this.#parents(`${path}/.`);
  }
}
