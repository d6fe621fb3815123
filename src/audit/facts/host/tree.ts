// SPDX-License-Identifier: Apache-2.0
// A file tree that is not trusted: the host's own, or one below a directory (a mounted disk, an unpacked image). Every path is resolved
// by the kernel inside it, an absolute link included; nothing but regular files and directories is ever opened.
import { closeSync, constants, fstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { ExitCode, SecureError } from '../../../errors.ts';
import { O_PATH, openBeneath, readBeneath } from '../../../native.ts';

/** Configuration files are small; /proc/self/mountinfo of a machine with thousands of containers is not. */
const MAX_BYTES = 16 << 20;
const MAX_ENTRIES = 100_000;
/** Of all files together: a directory may hold a hundred thousand of the largest size that take no space on the disk. */
const MAX_TOTAL = 256 << 20;

export type FileType = 'file' | 'directory' | 'socket' | 'fifo' | 'device';
export interface FileFact {
  readonly type: FileType;
  /** Permission bits, set-id and sticky ones included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
/** `absent`: looked for, not there. `unreadable`: there, but it could not be read, and why. */
export type Text =
  | { readonly status: 'text'; readonly text: string }
  | { readonly status: 'absent' }
  | { readonly status: 'unreadable'; readonly why: string };

const code = (thrown: unknown): string => (thrown as NodeJS.ErrnoException).code ?? '';
export const isAbsent = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(code(thrown));
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: audit as root',
  EPERM: 'permission denied: audit as root',
  EINVAL: 'it is not a regular file',
  EFBIG: `it is larger than ${MAX_BYTES >> 20} MiB`,
  ELOOP: 'its path has too many symbolic links, or a magic link of /proc',
};

export function fileType(stats: Stats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSocket()) return 'socket';
  return stats.isFIFO() ? 'fifo' : 'device';
}

/** What is open. */
export const fileFact = (stats: Stats): FileFact => ({
  type: fileType(stats),
  mode: stats.mode & 0o7777,
  uid: stats.uid,
  gid: stats.gid,
});

/** What is at a place that `open` opens, by itself; null: nothing, undefined: it cannot be told. */
export function factAt(open: () => number): FileFact | null | undefined {
  let fd: number;
  try {
    fd = open();
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

/** @param read null: it is not there. @param reasons by the code of an error */
export function textOf(read: () => Buffer | null, reasons: Readonly<Record<string, string>>): Text {
  try {
    const bytes = read();
    return bytes === null ? { status: 'absent' } : { status: 'text', text: bytes.toString('utf8') };
  } catch (thrown) {
    return { status: 'unreadable', why: reasons[code(thrown)] ?? (code(thrown) || String(thrown)) };
  }
}

export class Tree {
  /** Absolute. */
  readonly root: string;
  readonly #fd: number;
  #left = MAX_TOTAL;

  /** @throws SecureError INVALID_VALUE: no such directory, or no right to enter it. */
  constructor(root: string) {
    this.root = resolve(root);
    try {
      this.#fd = openSync(root, O_PATH | constants.O_DIRECTORY);
    } catch (cause) {
      const why = { ENOENT: 'no such directory', ENOTDIR: 'it is not a directory' }[code(cause)] ?? code(cause);
      throw new SecureError(
        'INVALID_VALUE',
        `cannot audit the file tree ${JSON.stringify(root.slice(0, 200))}: ${why}`,
        {
          hint: 'give the directory that is the root of the host, such as /mnt',
          exitCode: ExitCode.usage,
          cause,
        },
      );
    }
  }

  /** Is it the root that this process runs in, so that what the kernel says is about it? */
  get live(): boolean {
    return this.root === '/';
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** @throws SecureError LIMIT_EXCEEDED: the files that were read are too much altogether. */
  read(path: string): Text {
    if (this.#left <= 0) {
      throw new SecureError(
        'LIMIT_EXCEEDED',
        `the file tree ${this.root} has more than ${MAX_TOTAL >> 20} MiB to read`,
        {
          hint: `no configuration is that large: look into the directory of ${path}`,
        },
      );
    }
    return textOf(() => this.#bytes(path), REASONS);
  }

  #bytes(path: string): Buffer | null {
    const bytes = readBeneath(this.#fd, path, MAX_BYTES, { inRoot: true });
    this.#left -= bytes?.length ?? 0;
    return bytes;
  }

  /** What is in it, which is no text; undefined when there is none or it cannot be read. */
  bytes(path: string): Buffer | undefined {
    try {
      return this.#bytes(path) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** Its text without the white space around it; undefined when there is none or it cannot be read. */
  text(path: string): string | undefined {
    const read = this.read(path);
    return read.status === 'text' ? read.text.trim() : undefined;
  }

  /** What is at `path` after links; null when nothing is, undefined when that cannot be told. The object itself is not opened. */
  stat(path: string): FileFact | null | undefined {
    return factAt(() => openBeneath(this.#fd, path, O_PATH, { inRoot: true }));
  }

  /** What is at `path` after links, which may be refused, open; to be closed. @throws Error as of node:fs */
  open(path: string, flags: number, { noSymlinks = false }: { readonly noSymlinks?: boolean } = {}): number {
    return openBeneath(this.#fd, path, flags, { inRoot: true, noSymlinks });
  }

  /** Do both paths lead to the same object? */
  same(a: string, b: string): boolean {
    const [first, second] = [a, b].map((path) => this.#identity(path));
    return first !== undefined && first === second;
  }

  #identity(path: string): string | undefined {
    let fd: number;
    try {
      fd = openBeneath(this.#fd, path, O_PATH, { inRoot: true });
    } catch {
      return undefined;
    }
    const { dev, ino } = fstatSync(fd);
    closeSync(fd);
    return `${dev}:${ino}`;
  }

  /** Names in a directory, sorted; none when it is absent, undefined when it cannot be read. */
  list(path: string): string[] | undefined {
    let fd: number;
    try {
      fd = openBeneath(this.#fd, path, constants.O_RDONLY | constants.O_DIRECTORY, { inRoot: true });
    } catch (thrown) {
      return isAbsent(thrown) ? [] : undefined;
    }
    try {
      return readdirSync(`/proc/self/fd/${fd}`).slice(0, MAX_ENTRIES).sort();
    } catch {
      return undefined;
    } finally {
      closeSync(fd);
    }
  }
}
