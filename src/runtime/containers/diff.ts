// SPDX-License-Identifier: Apache-2.0
// What a container has changed in its root file system: its upper directory beside the layers below. The upper directory is written by the
// container, while it is read; it is read by descriptor, and no link in it is followed.
import type { Stats } from 'node:fs';
import { ExitCode, SecureError } from '../../errors.ts';
import { errnoOf } from '../images/durable.ts';
import { type Node, Tree } from '../images/layer/tree.ts';
import { isWhiteout, type Listing, listDirectory, nameText } from '../images/listing.ts';
import { type Container, findContainer } from './containers.ts';
import { rootOf, withDirectory } from './root.ts';

export interface Change {
  /** Added, changed, deleted. */
  readonly mark: 'A' | 'C' | 'D';
  /** Absolute. */
  readonly path: string;
}

const CHANGE_LIMIT = 1_000_000;
const SLASH = Buffer.from('/');
const NOTHING: Listing = { names: new Map(), opaque: false };

function limited(what: string): SecureError {
  return new SecureError('LIMIT_EXCEEDED', `the container has ${what}`, { exitCode: ExitCode.findings });
}

class Diff {
  readonly changes: Change[] = [];
  readonly #upper: number;
  readonly #layers: Tree;
  readonly #first: number;
  /** Where something is mounted: what is there in the upper directory the runtime has made, to mount on. */
  readonly #mountPoints: ReadonlySet<string>;

  constructor(upper: number, layers: Tree, first: number, mountPoints: ReadonlySet<string>) {
    this.#upper = upper;
    this.#layers = layers;
    this.#first = first;
    this.#mountPoints = mountPoints;
  }

  #note(mark: Change['mark'], path: Buffer): void {
    if (this.changes.length >= CHANGE_LIMIT) throw limited(`changed more than ${CHANGE_LIMIT} files`);
    this.changes.push({ mark, path: `/${nameText(path)}` });
  }

  #listUpper(path: Buffer): Listing {
    try {
      return listDirectory(this.#upper, path);
    } catch (error) {
      const code = errnoOf(error) ?? '';
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return NOTHING;
      if (code === 'ENAMETOOLONG') throw limited('a path of more than 4095 bytes');
      throw error;
    }
  }

  /** What the layers show in a directory, by name. */
  #below(roots: readonly number[], path: Buffer): Map<string, Node> {
    const nodes = this.#layers.children({ path: path.toString('latin1'), roots });
    return new Map(nodes.map((node) => [node.path.slice(node.path.lastIndexOf('/') + 1), node]));
  }

  /** True when something in the directory was noted. `hidden`: nothing of the layers is seen here. */
  directory(path: Buffer, roots: readonly number[], hidden: boolean): boolean {
    const { names, opaque } = this.#listUpper(path);
    const below = this.#below(roots, path);
    const before = this.changes.length;
    const covered = hidden || opaque;
    for (const name of [...new Set([...names.keys(), ...(covered ? below.keys() : [])])].sort()) {
      const bytes = Buffer.from(name, 'latin1');
      this.#entry(
        path.length === 0 ? bytes : Buffer.concat([path, SLASH, bytes]),
        names.get(name),
        below.get(name),
        covered,
      );
    }
    return this.changes.length > before;
  }

  #entry(path: Buffer, stat: Stats | undefined, below: Node | undefined, covered: boolean): void {
    if (stat === undefined || isWhiteout(stat)) {
      if (below !== undefined) this.#note('D', path);
      return;
    }
    const directory = stat.isDirectory();
    if (below === undefined && this.#mountPoints.has(`/${path.toString('utf8')}`) && (directory || stat.size === 0))
      return;
    if (below === undefined || !directory || !below.stat.isDirectory()) {
      this.#note(below === undefined ? 'A' : 'C', path);
      if (directory) this.directory(path, [], true);
      return;
    }
    // A directory is here too when only something in it was looked up for writing. Its owner is one of the container's range.
    const at = this.changes.length;
    const { mode, uid, gid } = below.stat;
    const changed = stat.mode !== mode || stat.uid - this.#first !== uid || stat.gid - this.#first !== gid;
    if (!this.directory(path, below.roots, covered) && !changed && !covered) return;
    this.changes.splice(at, 0, { mark: 'C', path: `/${nameText(path)}` });
  }
}

/**
 * What a container has added, changed and deleted, by path; a directory that was deleted stands for what was in it. While it runs, what it
 * changes meanwhile may be there or not.
 * @throws SecureError NO_SUCH_CONTAINER, AMBIGUOUS_ID, STORE_CORRUPT, LIMIT_EXCEEDED
 */
export async function diffContainer(idOrName: string): Promise<{ container: Container; changes: Change[] }> {
  const container = await findContainer(idOrName);
  const { upper, layers, mountPoints } = await rootOf(container);
  const below = Tree.open(layers);
  try {
    return await withDirectory(upper, (own) => {
      const diff = new Diff(own, below, container.rangeStart, mountPoints);
      diff.directory(Buffer.alloc(0), below.root?.roots ?? [], false);
      return { container, changes: diff.changes };
    });
  } finally {
    below.close();
  }
}
