// SPDX-License-Identifier: Apache-2.0
// From files that were looked at to members of an archive: what a container wrote, what it sees, what COPY takes.
import { closeSync, fstatSync, type Stats } from 'node:fs';
import { errnoOf } from '../durable.ts';
import { changed, kindOf, type LayerMember, timeOf } from './archive.ts';
import { attributesOf } from './attributes.ts';
import { bytesOf, type Node, type Tree, textOf } from './tree.ts';

/** How the files are read. Paths are bytes, a character each. */
export interface MemberSource<T> {
  /** Owner in the archive. */
  owner(file: T, stat: Stats): { readonly uid: number; readonly gid: number };
  /** Id on the host of the root user who gave file capabilities: attributesOf. */
  first(file: T): number;
  readLink(file: T): string;
  /** A descriptor of a file or directory, for its attributes; undefined: they do not count. */
  openAny(file: T): number | undefined;
  openFile(file: T): number;
}

/** Files of a tree; `attributes` says whether theirs count. */
export function treeFiles(
  tree: Tree,
  owner: MemberSource<Node>['owner'],
  first: MemberSource<Node>['first'],
  attributes = true,
): MemberSource<Node> {
  return {
    owner,
    first,
    readLink: (node) => tree.readLink(node),
    openAny: (node) => (attributes ? tree.openAny(node) : undefined),
    openFile: (node) => tree.openFile(node),
  };
}

export interface MemberOptions {
  /** Seconds; nothing is dated later (SOURCE_DATE_EPOCH). */
  readonly latest: number | undefined;
  /** A file with several names is one with links to it; else each is a file of its own. */
  readonly links: boolean;
  /** Somebody may be writing there: what is gone when it is looked at is not there, and of a file that grows the beginning counts. */
  readonly live: boolean;
}

/** Whether a file that was listed is not there any more, or something else is. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '');

export class Members<T> {
  readonly #source: MemberSource<T>;
  readonly #options: MemberOptions;
  /** Files with several names, by inode, to the first of them. */
  readonly #linked = new Map<string, string>();

  constructor(source: MemberSource<T>, options: MemberOptions) {
    this.#source = source;
    this.#options = options;
  }

  /**
   * The member at a path; undefined for a socket, which an archive has no form for. Of a live tree its file is open then: each is to be read
   * before the next one is asked for.
   * @throws SecureError BUILD_FAILED when it is gone meanwhile
   */
  member(path: string, file: T, stat: Stats): LayerMember | undefined {
    try {
      return this.#member(path, file, stat);
    } catch (error) {
      if (!isGone(error)) throw error;
      if (this.#options.live) return undefined;
      throw changed(bytesOf(path), error);
    }
  }

  #member(path: string, file: T, stat: Stats): LayerMember | undefined {
    const type = kindOf(stat);
    if (type === undefined) return undefined;
    const { uid, gid } = this.#source.owner(file, stat);
    const base = {
      path: bytesOf(type === '5' ? `${path}/` : path),
      type,
      mode: stat.mode & 0o7777,
      uid,
      gid,
      mtime: timeOf(stat, this.#options.latest),
    };
    if (type === '2') return { ...base, link: bytesOf(this.#source.readLink(file)) };
    if (type !== '0' && type !== '5') return base;
    if (type === '0' && stat.nlink > 1 && this.#options.links) {
      const inode = `${stat.dev}:${stat.ino}`;
      const known = this.#linked.get(inode);
      if (known !== undefined) return { ...base, type: '1', link: bytesOf(known) };
      const member = { ...base, xattrs: this.#attributes(path, file), ...this.#content(file, stat) };
      // Not before it can be read: nothing links to what is left out.
      this.#linked.set(inode, path);
      return member;
    }
    const xattrs = this.#attributes(path, file);
    return { ...base, xattrs, ...(type === '0' ? this.#content(file, stat) : {}) };
  }

  #content(file: T, stat: Stats): Pick<LayerMember, 'size' | 'open'> {
    if (!this.#options.live) return { size: stat.size, open: () => this.#source.openFile(file) };
    const fd = this.#source.openFile(file);
    return { size: fstatSync(fd).size, open: () => fd };
  }

  #attributes(path: string, file: T): ReadonlyMap<string, Buffer> {
    const fd = this.#source.openAny(file);
    if (fd === undefined) return new Map();
    try {
      return attributesOf(fd, this.#source.first(file), `/${textOf(path)}`);
    } finally {
      closeSync(fd);
    }
  }
}
