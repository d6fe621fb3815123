// SPDX-License-Identifier: Apache-2.0
// Where a user's store is, and whether nobody else can change what lies there. Looked at before the user's namespace is entered: inside,
// everybody else is the same nobody.
import { lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { diskError, errnoOf } from '../images/durable.ts';
import type { StoreRoots } from '../images/roots.ts';

/** Links that the kernel follows in one path. */
const LINKS = 40;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

function foreign(path: string, why: string, hint: string): SecureError {
  return new SecureError('STORE_FOREIGN', `${path} ${why}`, { hint });
}

/** Who may put something else in its place: root, the user, and with a sticky bit nobody but the owner of each entry. */
function checkStep(path: string, { uid, mode }: Stats, user: number, what: string): void {
  if (uid !== 0 && uid !== user)
    throw foreign(path, `belongs to user ${uid}, who could replace ${what}`, 'use a directory of your own');
  if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0)
    throw foreign(path, `can be written by others, who could replace ${what}`, `chmod go-w ${path}`);
}

function unusable(path: string, error: unknown): unknown {
  const code = errnoOf(error) ?? '';
  if (['EACCES', 'EPERM', 'EROFS'].includes(code))
    return foreign(
      path,
      `cannot be used: ${code}`,
      'point XDG_DATA_HOME or SECURE_STATE_ROOT to a directory of your own',
    );
  return diskError(error, `making ${path}`);
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
}

/**
 * The path without its links, when no directory and no link on the way can be replaced by another user. What is missing at its end stays as it is.
 * @throws SecureError STORE_FOREIGN
 */
export function trustedPath(path: string, user: number): string {
  const parts = (text: string) => text.split('/').filter((part) => part !== '' && part !== '.');
  const left = parts(path);
  let at = '/';
  for (let links = 0; ; ) {
    const name = left.shift();
    if (name === undefined) return at;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const stat = statOf(next);
    if (stat === undefined) {
      if (left.includes('..')) throw foreign(path, 'goes through a directory that is missing', `make ${next} first`);
      return join(next, ...left);
    }
    if (stat.isSymbolicLink()) {
      // The mode of a link means nothing: who owns it, and its directory, decide.
      checkStep(next, { ...stat, mode: 0 } as Stats, user, path);
      links += 1;
      if (links > LINKS) throw foreign(path, 'goes through too many links', 'name the directory itself');
      const target = readlinkSync(next);
      if (isAbsolute(target)) at = '/';
      left.unshift(...parts(target));
      continue;
    }
    if (!stat.isDirectory()) throw foreign(next, 'is no directory', 'move it away');
    checkStep(next, stat, user, path);
    at = next;
  }
}

/** A directory of the user's that nobody else can look into, made where it is missing. Its real path. */
function ownDirectory(path: string, user: number): string {
  trustedPath(path, user);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(path, error);
  }
  // Once more: below a sticky directory somebody else may have been faster.
  const real = trustedPath(path, user);
  const { uid, mode } = lstatSync(real);
  if (uid !== user) throw foreign(real, `belongs to user ${uid}`, 'use a directory of your own');
  // Files of images may be set-user-id, and then to this very user.
  if ((mode & 0o077) !== 0) throw foreign(real, 'is open to others', `chmod 700 ${real}`);
  return real;
}

/** The value of a variable that names a directory; unset and empty are the same. @throws SecureError INVALID_VALUE */
function variable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  if (isAbsolute(value)) return value;
  throw new SecureError('INVALID_VALUE', `${name} is not an absolute path: ${value}`);
}

/**
 * The roots of a user without root, made where they are missing: SECURE_STATE_ROOT and SECURE_RUN_ROOT, else `secure` below
 * XDG_DATA_HOME (~/.local/share) and XDG_RUNTIME_DIR (without one, `run` in the first).
 * @throws SecureError STORE_FOREIGN, INVALID_VALUE, NO_SPACE
 */
export function userRoots(user: number, env: NodeJS.ProcessEnv = process.env): StoreRoots {
  const data = () => join(variable(env, 'XDG_DATA_HOME') ?? join(env.HOME || homedir(), '.local/share'), 'secure');
  const state = ownDirectory(variable(env, 'SECURE_STATE_ROOT') ?? data(), user);
  const runtime = variable(env, 'XDG_RUNTIME_DIR');
  const run = runtime === undefined ? join(state, 'run') : join(runtime, 'secure');
  return { state, run: ownDirectory(variable(env, 'SECURE_RUN_ROOT') ?? run, user) };
}
