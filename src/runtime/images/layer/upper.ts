// SPDX-License-Identifier: Apache-2.0
// What a container wrote, as a layer: its upper directory, whose owners are ids of the container's range. Hostile, and possibly still
// written to: read by descriptor and through no link.
import { constants, type Stats } from 'node:fs';
import { SecureError } from '../../../errors.ts';
import { openBeneath } from '../../../native.ts';
import { RANGE_SIZE } from '../../plan/user.ts';
import { isWhiteout, listDirectory } from '../listing.ts';
import type { LayerMember } from './archive.ts';
import { isGone, type MemberSource, Members } from './members.ts';
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

interface Entry {
  readonly path: string;
  readonly directory: boolean;
}

/** Undefined: it is gone meanwhile. */
function listingOf(root: number, path: string): ReturnType<typeof listDirectory> | undefined {
  try {
    return listDirectory(root, bytesOf(path));
  } catch (error) {
    if (path !== '' && isGone(error)) return undefined;
    throw error;
  }
}

class Upper {
  readonly #root: number;
  readonly #options: UpperOptions;
  readonly #members: Members<Entry>;
  /** Directories that mount points are in. */
  readonly #above: ReadonlySet<string>;

  constructor(root: number, options: UpperOptions) {
    this.#root = root;
    this.#options = options;
    const above = new Set<string>();
    for (const point of options.mountPoints)
      for (let at = point.indexOf('/'); at >= 0; at = point.indexOf('/', at + 1)) above.add(point.slice(0, at));
    this.#above = above;
    const { first = 0, latest } = options;
    const source: MemberSource<Entry> = {
      owner: ({ path }, { uid, gid }) => ({ uid: this.#id(uid, path), gid: this.#id(gid, path) }),
      first: () => first,
      readLink: ({ path }) => readLinkBeneath(root, path),
      openAny: ({ path, directory }) => this.#open(path, directory),
      openFile: ({ path }) => this.#open(path, false),
    };
    this.#members = new Members(source, { latest, links: true, live: true });
  }

  #id(id: number, path: string): number {
    const { first } = this.#options;
    if (first === undefined) return id;
    if (id >= first && id < first + RANGE_SIZE) return id - first;
    throw new SecureError('STORE_CORRUPT', `/${textOf(path)} belongs to id ${id}, which is none of the container's`);
  }

  #open(path: string, directory: boolean): number {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (directory ? constants.O_DIRECTORY : 0);
    return openBeneath(this.#root, path === '' ? '.' : bytesOf(path), flags, { noSymlinks: true });
  }

  /** `below`: the directory that the layers show there. */
  *directory(path: string, below: ReturnType<Tree['child']>, depth = 0): Generator<LayerMember> {
    if (depth > DEPTH_LIMIT) throw new SecureError('LIMIT_EXCEEDED', `/${textOf(path)} is too deep for a layer`);
    const listing = listingOf(this.#root, path);
    if (listing === undefined) return;
    const { names, opaque } = listing;
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
      const member = this.#members.member(inner, { path: inner, directory }, stat);
      // In a user namespace nobody makes devices, and the extractor takes none.
      if (member === undefined || member.type === '3' || member.type === '4') continue;
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
