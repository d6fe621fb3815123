// SPDX-License-Identifier: Apache-2.0
// What a container wrote, as a layer: its upper directory, whose owners are ids of the container's range. Hostile, and possibly still
// written to: read by descriptor and through no link.
import { closeSync, constants, type Stats } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { openBeneath } from '../../../native.ts';
import { RANGE_SIZE } from '../../plan/user.ts';
import { isWhiteout, listDirectory } from '../listing.ts';
import { kindOf, type LayerMember, timeOf } from './archive.ts';
import { attributesOf } from './attributes.ts';
import { readLinkBeneath } from './read-link.ts';
import { bytesOf, components, joined, pathOf, type Tree, textOf } from './tree.ts';

export interface UpperOptions {
  /** The host's id of the container's root; undefined: without a user namespace. */
  readonly first: number | undefined;
  /** Relative paths that something was mounted on: what is there, and was not in the layers, the runtime has made. */
  readonly mountPoints: ReadonlySet<string>;
  /** The layers below it. */
  readonly below: Tree;
  /** Seconds; nothing is dated later (SOURCE_DATE_EPOCH). */
  readonly latest: number | undefined;
}

const DEPTH_LIMIT = 128;

class Upper {
  readonly #root: number;
  readonly #options: UpperOptions;
  /** Files with several names, by inode, to the first of them. */
  readonly #linked = new Map<number, string>();
  /** Directories that mount points are in. */
  readonly #above: ReadonlySet<string>;

  constructor(root: number, options: UpperOptions) {
    this.#root = root;
    this.#options = options;
    const above = new Set<string>();
    for (const point of options.mountPoints)
      for (let at = point.indexOf('/'); at >= 0; at = point.indexOf('/', at + 1)) above.add(point.slice(0, at));
    this.#above = above;
  }

  #id(id: number, path: string): number {
    const { first } = this.#options;
    if (first === undefined) return id;
    if (id >= first && id < first + RANGE_SIZE) return id - first;
    throw new SecureError('STORE_CORRUPT', `/${textOf(path)} belongs to id ${id}, which is none of the container's`);
  }

  #member(path: string, stat: Stats): LayerMember | undefined {
    const { first = 0, latest } = this.#options;
    const type = kindOf(stat);
    if (type === undefined) return undefined;
    const [uid, gid] = [this.#id(stat.uid, path), this.#id(stat.gid, path)];
    const bytes = bytesOf(type === '5' ? `${path}/` : path);
    const base = { path: bytes, type, mode: stat.mode & 0o7777, uid, gid, mtime: timeOf(stat, latest) };
    if (type === '2') return { ...base, link: bytesOf(readLinkBeneath(this.#root, path)) };
    // In a user namespace nobody makes devices, and the extractor takes none.
    if (type === '3' || type === '4') return undefined;
    if (type === '6') return base;
    if (type === '0' && stat.nlink > 1) {
      const known = this.#linked.get(stat.ino);
      if (known !== undefined) return { ...base, type: '1', link: bytesOf(known) };
      this.#linked.set(stat.ino, path);
    }
    const fd = this.#open(path, type === '5');
    try {
      const xattrs = attributesOf(fd, first, `/${textOf(path)}`);
      const open = () => this.#open(path, false);
      return { ...base, xattrs, ...(type === '0' ? { size: stat.size, open } : {}) };
    } finally {
      closeSync(fd);
    }
  }

  #open(path: string, directory: boolean): number {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (directory ? constants.O_DIRECTORY : 0);
    return openBeneath(this.#root, path === '' ? '.' : bytesOf(path), flags, { noSymlinks: true });
  }

  /** `below`: the directory that the layers show there. */
  *directory(path: string, below: ReturnType<Tree['child']>, depth = 0): Generator<LayerMember> {
    if (depth > DEPTH_LIMIT) throw new SecureError('LIMIT_EXCEEDED', `/${textOf(path)} is too deep for a layer`);
    const { names, opaque } = listDirectory(this.#root, bytesOf(path));
    const under = opaque || below?.stat.isDirectory() !== true ? undefined : below;
    if (opaque && below !== undefined)
      yield { path: bytesOf(joined(path, '.wh..wh..opq')), type: '0', mode: 0o600, mtime: 0 };
    for (const [name, stat] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const inner = joined(path, name);
      const shown = under === undefined ? undefined : this.#options.below.child(under, name);
      if (isWhiteout(stat)) {
        if (shown !== undefined) yield { path: bytesOf(joined(path, `.wh.${name}`)), type: '0', mode: 0o600, mtime: 0 };
        continue;
      }
      if (name.startsWith('.wh.')) continue;
      const directory = stat.isDirectory();
      if (shown === undefined && this.#options.mountPoints.has(inner) && (directory || stat.size === 0)) continue;
      const member = this.#member(inner, stat);
      if (member === undefined) continue;
      const inside = directory ? this.directory(inner, shown, depth + 1) : undefined;
      const looked = shown?.stat.isDirectory() === true && this.#unchanged(member, shown.stat);
      if (inside !== undefined && (looked || (shown === undefined && this.#above.has(inner)))) {
        // Looked into for writing, or made to mount in: it belongs to the layer where something in it does.
        const first = inside.next();
        if (first.done === true) continue;
        yield member;
        yield first.value;
        yield* inside;
      } else {
        yield member;
        if (inside !== undefined) yield* inside;
      }
    }
  }

  /** Its time says nothing: the runtime dates a directory anew when it makes something to mount on there. */
  #unchanged({ mode, uid, gid }: LayerMember, stat: Stats): boolean {
    return mode === (stat.mode & 0o7777) && uid === stat.uid && gid === stat.gid;
  }
}

/** Absolute paths as texts to relative ones as bytes. */
export const relativePaths = (paths: Iterable<string>): Set<string> =>
  new Set([...paths].map((path) => components(pathOf(path)).join('/')));

/**
 * The members of the layer that an upper directory is.
 * @param root descriptor of the directory, which stays the caller's
 * @throws SecureError STORE_CORRUPT for owners outside of the range, LIMIT_EXCEEDED, BUILD_FAILED when a file changes meanwhile
 */
export function upperMembers(root: number, options: UpperOptions): Iterable<LayerMember> {
  return new Upper(root, options).directory('', options.below.root);
}
