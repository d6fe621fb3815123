// SPDX-License-Identifier: Apache-2.0
// Files that are changed, below a root that is held open: links on the way lead nowhere outside, the last part is never one, and what
// a name stands for is looked at again by what is open, never by its path.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { getXattr, listXattr, O_PATH, openBeneath } from '../../native.ts';
import { diskError, errnoOf } from '../../runtime/images/durable.ts';
import type { FileFact, FileType } from '../facts/host/tree.ts';
import type { AccessChange, FileChange } from './types.ts';

/** No file that is repaired is longer. */
const LIMIT = 16 << 20;

/** Why a file is left as it is. @param why `is a symbolic link` */
export function refused(path: string, why: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('FIX_REFUSED', `${path} ${why}`, { hint, exitCode: ExitCode.usage, cause });
}

const changed = (path: string): SecureError =>
  new SecureError('FIX_CHANGED', `${path} was changed by somebody else meanwhile`, {
    hint: 'it is as they left it; run the same command again',
    exitCode: ExitCode.findings,
  });

export function factOf(stats: Stats): FileFact | undefined {
  const types: readonly [boolean, FileType][] = [
    [stats.isFile(), 'file'],
    [stats.isDirectory(), 'directory'],
    [stats.isSocket(), 'socket'],
  ];
  const type = types.find(([is]) => is)?.[1];
  return type === undefined ? undefined : { type, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
}

/** By way of the directory that is open, whatever its path leads to by now. */
const within = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

function contentOf(fd: number, path: string): Buffer {
  const { size } = fstatSync(fd);
  if (size > LIMIT) throw refused(path, `is larger than ${LIMIT >> 20} MiB`, 'change it by hand');
  const data = Buffer.alloc(size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < data.length; length += read)
    read = readSync(fd, data, length, data.length - length, length);
  return data.subarray(0, length);
}

/** A regular file with one name, open; undefined: there is none. */
function openFile(directory: number, path: string): number | undefined {
  const name = basename(path);
  const stat = lstatSync(within(directory, name), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) throw refused(path, 'is a symbolic link', 'change what it leads to by hand');
  // A FIFO would block, and a device act.
  if (!stat.isFile()) throw refused(path, 'is no regular file', 'move it away');
  if (stat.nlink > 1)
    throw refused(path, `has ${stat.nlink} names`, `the others would keep the old content: find / -samefile ${path}`);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const fd = openSync(within(directory, name), flags);
  const now = fstatSync(fd);
  if (now.isFile() && now.ino === stat.ino && now.dev === stat.dev) return fd;
  closeSync(fd);
  throw changed(path);
}

/** Extended attributes, access lists and labels among them. */
const attributesOf = (fd: number): string =>
  JSON.stringify(
    listXattr(fd)
      .sort()
      .map((name) => [name, getXattr(fd, name)?.toString('base64')]),
  );

/** Those of one open file for another, all of them or an error: a lost access list opens or closes a file to others. */
function copyAttributes(from: number, to: number, path: string): void {
  if (attributesOf(from) === attributesOf(to)) return;
  const names = [from, to].map((fd) => `/proc/${process.pid}/fd/${fd}`) as [string, string];
  let cause: unknown;
  try {
    execFileSync('cp', ['--attributes-only', '--preserve=mode,xattr', ...names], { stdio: 'ignore', timeout: 10_000 });
  } catch (error) {
    cause = error;
  }
  if (attributesOf(from) !== attributesOf(to))
    throw refused(path, 'has extended attributes that a new file would not have', 'change it by hand', cause);
}

export class Place {
  readonly root: string;
  readonly #fd: number;
  readonly #owners: ReadonlySet<number> | undefined;

  /**
   * @param root a directory
   * @param guarded change nothing below a directory that others than root, this user and the owner of the root write to
   * @throws Error of node:fs
   */
  constructor(root: string, guarded = false) {
    this.root = root;
    this.#fd = openSync(root, O_PATH | constants.O_DIRECTORY);
    this.#owners = guarded ? new Set([0, process.geteuid?.() ?? 0, fstatSync(this.#fd).uid]) : undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Whatever leads out of `/` is in it: a patch is printed without what has to be built first. */
  #open(path: string, flags: number): number {
    return this.root === '/' ? openSync(path, flags) : openBeneath(this.#fd, path, flags, { inRoot: true });
  }

  /** The directory of a path, open; undefined: it is not there. */
  #directory(path: string, make: boolean): number | undefined {
    try {
      return this.#open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT')
        throw refused(dirname(path), `cannot be opened (${errnoOf(error) ?? error})`, 'see what it is: ls -ld', error);
      if (this.#isThere(dirname(path)))
        throw refused(dirname(path), 'is a link to nothing', 'make what it leads to, or remove it', error);
      if (!make) return undefined;
    }
    const above = this.#directory(dirname(path), true);
    if (above === undefined) return undefined;
    try {
      mkdirSync(within(above, basename(dirname(path))), { mode: 0o755 });
      fsyncSync(above);
    } catch (error) {
      throw refused(dirname(path), `cannot be made (${errnoOf(error) ?? error})`, 'make the directory', error);
    } finally {
      closeSync(above);
    }
    return this.#directory(path, false);
  }

  /** Whoever writes to a directory on the way leads it to files that he could not change: a link in it is enough. */
  #guard(path: string): void {
    for (let at = dirname(path); this.#owners !== undefined && at !== '/'; at = dirname(at)) {
      let fd: number;
      try {
        fd = this.#open(at, O_PATH | constants.O_DIRECTORY);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue;
        throw refused(at, `cannot be opened (${errnoOf(error) ?? error})`, 'see what it is: ls -ld', error);
      }
      const open = this.#openAbove(fd);
      if (open === undefined) continue;
      throw refused(
        path,
        `is in a directory that others write to: ${open || at}`,
        `if that is wrong: chown root ${open || at}; chmod go-w ${open || at}`,
      );
    }
  }

  /** That of others at or above a directory, which is closed, by where it lies and not by the links that led there; '': itself. */
  #openAbove(fd: number): string | undefined {
    const root = fstatSync(this.#fd);
    let [held, isItself] = [fd, true];
    try {
      for (;;) {
        const { uid, gid, mode, dev, ino } = fstatSync(held);
        if (dev === root.dev && ino === root.ino) return undefined;
        const open = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
        if (this.#owners?.has(uid) === false || open) return isItself ? '' : readlinkSync(`/proc/self/fd/${held}`);
        const above = openSync(within(held, '..'), O_PATH | constants.O_DIRECTORY);
        closeSync(held);
        held = above;
        isItself = false;
        const up = fstatSync(held);
        // Moved out of the root meanwhile: this is the root of all.
        if (up.dev === dev && up.ino === ino) return undefined;
      }
    } finally {
      closeSync(held);
    }
  }

  #isThere(path: string): boolean {
    try {
      closeSync(this.#open(path, O_PATH | constants.O_NOFOLLOW));
      return true;
    } catch {
      return false;
    }
  }

  /** Its text; null: there is none. @throws SecureError FIX_REFUSED, FIX_CHANGED */
  read(path: string): string | null {
    const directory = this.#directory(path, false);
    if (directory === undefined) return null;
    let fd: number | undefined;
    try {
      fd = openFile(directory, path);
      if (fd === undefined) return null;
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(contentOf(fd, path));
    } catch (error) {
      if (error instanceof TypeError) throw refused(path, 'is not UTF-8', 'change it by hand', error);
      throw error instanceof SecureError
        ? error
        : refused(path, `cannot be read (${errnoOf(error) ?? error})`, 'run it as who may read it', error);
    } finally {
      if (fd !== undefined) closeSync(fd);
      closeSync(directory);
    }
  }

  /**
   * The new content in the place of the old one: whoever looks sees one or the other, and a crash leaves one or the other.
   * @throws SecureError FIX_REFUSED, FIX_CHANGED, NO_SPACE
   */
  replace({ path, before, after }: FileChange): void {
    this.#guard(path);
    const directory = this.#directory(path, before === null);
    if (directory === undefined) throw changed(path);
    // Its end is none that a program looks for: `.conf`, `.rules`.
    const temporary = within(directory, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}`);
    let old: number | undefined;
    try {
      old = openFile(directory, path);
      const same = (): boolean => (old === undefined ? null : contentOf(old, path).toString('utf8')) === before;
      if (!same()) throw changed(path);
      const fd = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(fd, after);
        this.#likeBefore(fd, old, path);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      const target = within(directory, basename(path));
      if (old === undefined) {
        // link(2) replaces nothing: a file that somebody made meanwhile is theirs.
        linkSync(temporary, target);
        rmSync(temporary);
      } else {
        const [now, held] = [lstatSync(target), fstatSync(old)];
        if (now.ino !== held.ino || now.dev !== held.dev || !same()) throw changed(path);
        renameSync(temporary, target);
      }
      fsyncSync(directory);
    } catch (error) {
      rmSync(temporary, { force: true });
      if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOENT') throw changed(path);
      const said = diskError(error, `writing ${path}`);
      throw said instanceof SecureError
        ? said
        : refused(path, `cannot be written (${errnoOf(error) ?? error})`, 'run it as who may write there', error);
    } finally {
      if (old !== undefined) closeSync(old);
      closeSync(directory);
    }
  }

  #likeBefore(fd: number, old: number | undefined, path: string): void {
    if (old === undefined) {
      fchmodSync(fd, 0o644);
      return;
    }
    const [{ uid, gid, mode }, own] = [fstatSync(old), fstatSync(fd)];
    if (own.uid !== uid || own.gid !== gid) fchownSync(fd, uid, gid);
    copyAttributes(old, fd, path);
    // Last: a change of the owner takes set-id bits away.
    fchmodSync(fd, mode & 0o7777);
  }

  /** What is there, by itself and not by what a link leads to; null: nothing. @throws SecureError FIX_REFUSED */
  stat(path: string): FileFact | null {
    return this.#held(path, (_, fact) => fact);
  }

  #held<T>(path: string, use: (fd: number, fact: FileFact) => T): T | null {
    let fd: number;
    try {
      // Nothing is opened by it: a device does not act, a FIFO does not block, and a socket can be changed.
      fd = this.#open(path, O_PATH | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw refused(path, `cannot be opened (${errnoOf(error) ?? error})`, 'see what it is: ls -l', error);
    }
    try {
      const stats = fstatSync(fd);
      if (stats.isSymbolicLink()) throw refused(path, 'is a symbolic link', 'change what it leads to by hand');
      const fact = factOf(stats);
      if (fact === undefined) throw refused(path, 'is no file, directory or socket', 'see what it is: ls -l');
      if (fact.type === 'file' && stats.nlink > 1)
        throw refused(path, `has ${stats.nlink} names`, `see which, for all would change: find / -samefile ${path}`);
      return use(fd, fact);
    } finally {
      closeSync(fd);
    }
  }

  /** @throws SecureError FIX_REFUSED, FIX_CHANGED */
  setAccess({ path, before, uid, gid, mode }: AccessChange): void {
    this.#guard(path);
    const done = this.#held(path, (fd, now) => {
      if (JSON.stringify(now) !== JSON.stringify(before)) throw changed(path);
      const self = `/proc/self/fd/${fd}`;
      try {
        if (uid !== now.uid || gid !== now.gid) chownSync(self, uid, gid);
        // After the owner: that takes set-id bits away, and until now the owner could have set any.
        if ((fstatSync(fd).mode & 0o7777) !== mode) chmodSync(self, mode);
      } catch (error) {
        throw refused(path, `cannot be changed (${errnoOf(error) ?? error})`, 'run it as root', error);
      }
      return true;
    });
    if (done === null) throw changed(path);
  }
}
