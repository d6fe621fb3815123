// SPDX-License-Identifier: Apache-2.0
// Files below the directory of a user: his home, or the one that he has in /run/user. A link there is followed as long as it stays inside, so
// that none of his makes root read, or judge, what is not his.
import { closeSync, constants, fstatSync, readdirSync } from 'node:fs';
import { O_PATH, openBeneath, readBeneath } from '../../../native.ts';
import { code, type FileFact, fileFact, isAbsent, type Text } from './tree.ts';

/** What engines write for themselves is small; a user may put anything there. */
const MAX_BYTES = 1 << 20;
const MAX_NAMES = 1000;
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
    let fd: number;
    try {
      fd = openBeneath(this.#fd, path === '' ? '.' : path, O_PATH);
    } catch (thrown) {
      return isAbsent(thrown) ? null : undefined;
    }
    try {
      return fileFact(fstatSync(fd));
    } catch {
      // A file system of a user answers nobody else.
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  read(path: string): Text {
    try {
      const bytes = readBeneath(this.#fd, path, MAX_BYTES);
      return bytes === null ? { status: 'absent' } : { status: 'text', text: bytes.toString('utf8') };
    } catch (thrown) {
      return { status: 'unreadable', why: REASONS[code(thrown)] ?? (code(thrown) || String(thrown)) };
    }
  }

  text(path: string): string | undefined {
    const read = this.read(path);
    return read.status === 'text' ? read.text.trim() : undefined;
  }

  /** As `Tree.list`. */
  list(path: string): string[] | undefined {
    let fd: number | undefined;
    try {
      fd = openBeneath(this.#fd, path, constants.O_RDONLY | constants.O_DIRECTORY);
      return readdirSync(`/proc/self/fd/${fd}`).slice(0, MAX_NAMES).sort();
    } catch (thrown) {
      return isAbsent(thrown) ? [] : undefined;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}
