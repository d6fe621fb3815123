// SPDX-License-Identifier: Apache-2.0
// The files of merged layers, or of one directory, as a container would see them, without mounting anything. Every tree is hostile:
// everything goes by descriptor beneath a root, links are resolved here and never by the kernel.
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { O_PATH, openBeneath } from '../../../native.ts';
import { errnoOf } from '../durable.ts';
import { isOpaque, isWhiteout, listDirectory } from '../listing.ts';
import { readLinkBeneath } from './read-link.ts';

/** As the kernel's own (path_resolution(7)). */
const LINK_LIMIT = 40;

/** A file. Paths are relative, without `.` and `..`, each character a byte; '' is the root. */
export interface Node {
  readonly path: string;
  readonly stat: Stats;
  /** Where it is, of a directory all that are merged there, lowest first. */
  readonly roots: readonly number[];
}

export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');
/** Text, as it stands in a Dockerfile, to a path of bytes. */
export const pathOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
export const textOf = (path: string): string => bytesOf(path).toString('utf8');
export const joined = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);

/** Components of a path; `..` at the root is the root. */
export function components(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

export class Tree {
  readonly #roots: readonly number[];

  private constructor(roots: readonly number[]) {
    this.#roots = roots;
  }

  /** @param roots directories, lowest layer first; what they are is looked at only when it is asked for */
  static open(roots: readonly string[]): Tree {
    const opened: number[] = [];
    try {
      for (const path of roots)
        opened.push(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
    return new Tree(opened);
  }

  close(): void {
    for (const fd of this.#roots) closeSync(fd);
  }

  /** Undefined: there are no layers, as of `scratch`. */
  get root(): Node | undefined {
    const top = this.#roots.at(-1);
    return top === undefined ? undefined : { path: '', stat: fstatSync(top), roots: this.#roots };
  }

  /** Whether a file is one of the topmost layer. */
  isTop({ roots }: Node): boolean {
    return roots.at(-1) === this.#roots.at(-1);
  }

  /** What a directory has under a name. A link is itself. */
  child(directory: Node, name: string): Node | undefined {
    const path = joined(directory.path, name);
    const roots: number[] = [];
    let top: Stats | undefined;
    for (const root of directory.roots.toReversed()) {
      const found = statBeneath(root, path);
      if (found === undefined) continue;
      const { stat, opaque } = found;
      if (isWhiteout(stat) || (top !== undefined && !stat.isDirectory())) break;
      top ??= stat;
      roots.unshift(root);
      if (!stat.isDirectory() || opaque) break;
    }
    return top === undefined ? undefined : { path, stat: top, roots };
  }

  /** The entries of a directory by name, sorted by byte. */
  children(directory: Pick<Node, 'path' | 'roots'>): Node[] {
    const merged = new Map<string, Node>();
    for (const root of directory.roots) {
      const { names, opaque } = listDirectory(root, bytesOf(directory.path));
      if (opaque) merged.clear();
      for (const [name, stat] of names) {
        const below = merged.get(name);
        if (isWhiteout(stat)) merged.delete(name);
        else {
          const roots = stat.isDirectory() && below?.stat.isDirectory() === true ? [...below.roots, root] : [root];
          merged.set(name, { path: joined(directory.path, name), stat, roots });
        }
      }
    }
    return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
  }

  /** Where a link points, as it is written, in bytes. */
  readLink(node: Node): string {
    return readLinkBeneath(node.roots.at(-1) ?? -1, node.path);
  }

  /** A descriptor of a regular file's content, which the caller closes. */
  openFile(node: Node): number {
    return this.#openAt(node, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  }

  /** A descriptor of any file but a link, for its attributes. */
  openAny(node: Node): number {
    const kind = node.stat.isDirectory() ? constants.O_DIRECTORY : 0;
    return this.#openAt(node, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | kind);
  }

  #openAt({ roots, path }: Node, flags: number): number {
    return openBeneath(roots.at(-1) ?? -1, path === '' ? '.' : bytesOf(path), flags, { noSymlinks: true });
  }

  /**
   * Follow a path as a process with this root would, links included (`last`: the last one too). `missing`: components that are not there,
   * behind the deepest directory that is.
   * @throws SecureError BUILD_FAILED for a loop of links
   */
  resolve(path: string, last = true): { readonly node: Node | undefined; readonly missing: readonly string[] } {
    const { root } = this;
    if (root === undefined) return { node: undefined, missing: components(path) };
    let parents: Node[] = [root];
    const left = path.split('/').filter((part) => part !== '' && part !== '.');
    let links = 0;
    while (left.length > 0) {
      const name = left.shift() ?? '';
      const here = parents.at(-1) ?? root;
      if (name === '..') {
        if (parents.length > 1) parents.pop();
        continue;
      }
      if (!here.stat.isDirectory()) return { node: here, missing: [name, ...left] };
      const found = this.child(here, name);
      if (found === undefined) return { node: here, missing: components([name, ...left].join('/')) };
      if (found.stat.isSymbolicLink() && (last || left.length > 0)) {
        links += 1;
        if (links > LINK_LIMIT)
          throw new SecureError('BUILD_FAILED', `/${textOf(path)} goes through more than ${LINK_LIMIT} links`);
        const target = this.readLink(found);
        if (target.startsWith('/')) parents = [root];
        left.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
      } else parents.push(found);
    }
    return { node: parents.at(-1), missing: [] };
  }
}

function statBeneath(root: number, path: string): { stat: Stats; opaque: boolean } | undefined {
  let fd: number;
  try {
    fd = openBeneath(root, path === '' ? '.' : bytesOf(path), O_PATH | constants.O_NOFOLLOW, { noSymlinks: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  let directory: number | undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isDirectory()) return { stat, opaque: false };
    // Attributes cannot be read of a descriptor that only names.
    directory = openSync(`/proc/self/fd/${fd}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
    return { stat, opaque: isOpaque(directory) };
  } finally {
    closeSync(fd);
    if (directory !== undefined) closeSync(directory);
  }
}
