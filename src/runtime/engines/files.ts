// SPDX-License-Identifier: Apache-2.0
// Files that decide what root runs: read and written only where nobody but root could have put something else. After that has been
// looked at, a path stays what it is, since only root changes it.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { readBounded } from '../../bounded.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { diskError, errnoOf, fsyncDir, temporaryName } from '../images/durable.ts';
import { trustedPath } from '../rootless/places.ts';

const LIMIT = 1 << 20;
const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** A file as it was when it was read. */
export interface Snapshot {
  /** Without links. */
  readonly path: string;
  /** null: there is none. */
  readonly text: string | null;
  readonly mode: number;
  /** Changes when somebody else writes it. */
  readonly version: string;
}

function untrusted(path: string, why: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('ENGINE_UNTRUSTED', `${path} ${why}`, { hint, exitCode: ExitCode.host, cause });
}

/** A directory that only root changes, without links. @throws SecureError ENGINE_UNTRUSTED */
function trustedDirectory(path: string): string {
  try {
    return trustedPath(path, ROOT);
  } catch (cause) {
    if (!(cause instanceof SecureError)) throw cause;
    throw new SecureError('ENGINE_UNTRUSTED', cause.message, {
      hint: "what lies there is run as root, so it and the directories above have to be root's alone: chown root, chmod go-w",
      exitCode: ExitCode.host,
      cause,
    });
  }
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Where a file really is: root's own links are followed, as those of a system whose /etc is made of them.
 * @throws SecureError ENGINE_UNTRUSTED: somebody else could put another file there
 */
export function trustedFile(path: string): string {
  let at = path;
  for (let links = 0; links < 40; links += 1) {
    const real = join(trustedDirectory(dirname(at)), basename(at));
    const stat = lstatOf(real);
    if (stat === undefined) return real;
    if (stat.uid !== ROOT)
      throw untrusted(real, `belongs to user ${stat.uid}`, `if its content is yours: chown root ${real}`);
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(real);
      // As it is: `..` after a link means what the kernel makes of it.
      at = isAbsolute(target) ? target : `${dirname(real)}/${target}`;
      continue;
    }
    if (!stat.isFile()) throw untrusted(real, 'is no regular file', 'move it away');
    if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) throw untrusted(real, 'can be written by others', `chmod go-w ${real}`);
    return real;
  }
  throw untrusted(path, 'goes through too many links', 'name the file itself');
}

const versionOf = (stat: Stats | undefined): string =>
  stat === undefined ? 'none' : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');

/** @throws SecureError ENGINE_UNTRUSTED, CONFIG_INVALID: too long, or no text */
export function snapshot(path: string): Snapshot {
  const real = trustedFile(path);
  if (lstatOf(real) === undefined) return { path: real, text: null, mode: 0o644, version: versionOf(undefined) };
  const fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    const data = readBounded(fd, LIMIT);
    const text = data?.toString('utf8');
    if (data === undefined || text === undefined || !Buffer.from(text).equals(data))
      throw new SecureError(
        'CONFIG_INVALID',
        `it is ${data === undefined ? 'longer than 1 MiB' : 'no text in UTF-8'}`,
        {
          position: { file: real },
          hint: 'correct the file first; nothing was changed',
        },
      );
    return { path: real, text, mode: stat.mode & 0o7777, version: versionOf(stat) };
  } finally {
    closeSync(fd);
  }
}

/** Directories that are missing, as the system's own are. */
export function makeSystemDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o755 });
  // Whatever the umask: engines of users read what lies there.
  if (first !== undefined) for (let at = path; at.length >= first.length; at = dirname(at)) chmodSync(at, 0o755);
}

function makeDirectory(path: string): void {
  makeSystemDirectory(path);
  trustedDirectory(path);
}

/** Temp, fsync, rename, fsync of the directory. `null` removes. @throws SecureError ENGINE_CHANGED: somebody wrote it since; NO_SPACE */
export async function replace(before: Snapshot, text: string | null): Promise<void> {
  const { path, mode, version } = before;
  const unchanged = (): void => {
    if (versionOf(lstatOf(path)) === version) return;
    throw new SecureError('ENGINE_CHANGED', `${path} was changed by somebody else meanwhile`, {
      hint: 'run the same command again',
      exitCode: ExitCode.findings,
    });
  };
  if (text === null) {
    unchanged();
    rmSync(path, { force: true });
    await fsyncDir(dirname(path));
    return;
  }
  const temporary = temporaryName(path);
  try {
    makeDirectory(dirname(path));
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, text);
      fchownSync(fd, ROOT, lstatOf(path)?.gid ?? 0);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    unchanged();
    renameSync(temporary, path);
    await fsyncDir(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, `writing ${path}`);
  }
}

/** Where a link leads, or null when there is none. @throws SecureError ENGINE_UNTRUSTED: something else has its name */
export function linkTarget(path: string): string | null {
  const real = join(trustedDirectory(dirname(path)), basename(path));
  const stat = lstatOf(real);
  if (stat === undefined) return null;
  if (stat.isSymbolicLink() && stat.uid === ROOT) return readlinkSync(real);
  throw untrusted(real, 'is not a link of root', 'move it away');
}

/** Make a link, or let it lead elsewhere, in one step. `null` removes it. */
export async function relink(path: string, target: string | null): Promise<void> {
  if (target === null) rmSync(path, { force: true });
  else {
    makeDirectory(dirname(path));
    const temporary = temporaryName(path);
    symlinkSync(target, temporary);
    renameSync(temporary, path);
  }
  await fsyncDir(dirname(path));
}
