// SPDX-License-Identifier: Apache-2.0
// Files below the directory of a user: his home, or the one that he has in /run/user. A link there is followed as long as it stays inside, so
// that none of his makes root read, or judge, what is not his.
import { closeSync, constants, opendirSync } from 'node:fs';
import { O_PATH, openBeneath, readBeneath } from '../../../native.ts';
import { type FileFact, factAt, isAbsent, type Text, textOf } from './tree.ts';

/** What engines write for themselves is small; a user may put anything there. */
const MAX_BYTES = 1 << 20;
const MAX_NAMES = 1000;
/** Of all files of one user together: each may be a sparse one of the largest size, and is parsed. */
const MAX_TOTAL = 4 << 20;
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: audit as root',
  EXDEV: 'a link leads out of the home of its user',
  ELOOP: 'its path has too many symbolic links',
  EINVAL: 'it is not a regular file',
  EFBIG: `it is larger than ${MAX_BYTES >> 20} MiB`,
};

export class Home {
  /** Absolute. */
  readonly path: string;
  readonly #fd: number;
  #left = MAX_TOTAL;

  /** @param fd of the directory; it is closed with this */
  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** As `Tree.stat`. @param path relative; empty: the directory itself */
  stat(path: string): FileFact | null | undefined {
    return factAt(() => openBeneath(this.#fd, path === '' ? '.' : path, O_PATH));
  }

  read(path: string): Text {
    if (this.#left <= 0) return { status: 'unreadable', why: `there is more than ${MAX_TOTAL >> 20} MiB to read` };
    return textOf(() => {
      const bytes = readBeneath(this.#fd, path, MAX_BYTES);
      this.#left -= bytes?.length ?? 0;
      return bytes;
    }, REASONS);
  }

  text(path: string): string | undefined {
    const read = this.read(path);
    return read.status === 'text' ? read.text.trim() : undefined;
  }

  /** As `Tree.list`; undefined, too, when there are more than anybody has. */
  list(path: string): string[] | undefined {
    let fd: number | undefined;
    try {
      fd = openBeneath(this.#fd, path, constants.O_RDONLY | constants.O_DIRECTORY);
      return first(`/proc/self/fd/${fd}`)?.sort();
    } catch (thrown) {
      return isAbsent(thrown) ? [] : undefined;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

/** Stands for bytes that are no UTF-8: nothing is found by a name with it, which others read all the same. */
const NO_NAME = '\ufffd';

/** Names in a directory, which may have millions; undefined: more than `MAX_NAMES`, or one that is no text. */
function first(path: string): string[] | undefined {
  const directory = opendirSync(path);
  try {
    const names: string[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (names.length === MAX_NAMES || entry.name.includes(NO_NAME)) return undefined;
      names.push(entry.name);
    }
    return names;
  } finally {
    directory.closeSync();
  }
}
