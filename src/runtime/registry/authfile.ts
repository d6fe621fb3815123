// SPDX-License-Identifier: Apache-2.0
// Changes to docker's config.json or podman's auth.json. Whatever else is in them stays as it is.
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SecureError } from '../../errors.ts';
import { diskError, errnoOf, writeAtomic } from '../images/durable.ts';
import { tryLock } from '../images/lock.ts';
import { Inputs, isMissing } from '../inputs.ts';
import { CREDENTIALS_FILE_LIMIT } from './credentials.ts';

/** A JSON object as a program of somebody else wrote it. */
export type Document = Record<string, unknown>;
/** Says whether it has changed anything. */
export type Edit = (document: Document) => boolean | Promise<boolean>;

/** Milliseconds that somebody else may take to change the same file. */
const LOCK_PATIENCE = 10_000;

const invalid = (path: string, problem: string, hint: string): SecureError =>
  new SecureError('CONFIG_INVALID', `${path} ${problem}`, { hint, position: { file: path } });

/** ECMAScript's "JSON.parse source text access", which the types do not know yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** Numbers keep their digits: not all that JSON can write fits into one of ours. */
function parse(path: string, text: string): Document {
  type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
  const reviver: Reviver = (_, value, { source }) => (typeof value === 'number' ? rawJSON(source) : value);
  let value: unknown;
  try {
    value = JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  } catch {
    // The parser's own message quotes the file, which holds secrets.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value))
    return value as Document;
  throw invalid(path, 'is not a JSON object', 'repair it, or move it away');
}

/** A member that is an object, or absent. @throws SecureError CONFIG_INVALID */
export function member(path: string, document: Document, key: string): Document {
  const value = Object.hasOwn(document, key) ? document[key] : undefined;
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !isRawJSON(value)) return value as Document;
  throw invalid(path, `has ${key}, which is no object`, 'repair it, or move it away');
}

/** Where a file really lies: a link is kept, and what it leads to is replaced. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return join(realpathSync(dirname(path)), path.slice(dirname(path).length + 1));
  }
}

/** With `sudo -E` the home is somebody else's, who could then choose what root replaces. A directory may be root's: /tmp. */
function checkOwner(path: string): void {
  const stat = statSync(path);
  const { uid } = stat;
  if (uid === process.geteuid?.() || (uid === 0 && stat.isDirectory())) return;
  throw invalid(path, `belongs to user ${uid}`, 'run as that user, or point DOCKER_CONFIG to a directory of your own');
}

async function lockDirectory(directory: string) {
  for (const end = Date.now() + LOCK_PATIENCE; ; await delay(20)) {
    const lock = tryLock(directory);
    if (lock !== undefined) return lock;
    if (Date.now() > end)
      throw invalid(directory, 'is locked by another process', 'see who holds it: fuser, lsof; then try again');
  }
}

async function change(path: string, edit: Edit): Promise<boolean> {
  const lock = await lockDirectory(dirname(path));
  try {
    const file = new Inputs().read(path, CREDENTIALS_FILE_LIMIT);
    if (file !== undefined) checkOwner(path);
    const document = file === undefined ? {} : parse(path, file.data.toString('utf8'));
    if (!(await edit(document))) return false;
    await writeAtomic(path, `${JSON.stringify(document, null, '\t')}\n`);
    return true;
  } finally {
    lock.release();
  }
}

/**
 * Change a file, which and whose directory are made where they are missing (0600, 0700), as one step: temp + fsync + rename.
 * Returns whether anything was changed.
 * @throws SecureError CONFIG_INVALID, INVALID_VALUE (unreadable file), NO_SPACE
 */
export async function editAuthFile(path: string, edit: Edit): Promise<boolean> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const target = real(path);
    checkOwner(dirname(target));
    return await change(target, edit);
  } catch (error) {
    if (error instanceof SecureError) throw error;
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const other = diskError(error, `writing ${path}`);
    if (other instanceof SecureError) throw other;
    throw new SecureError('INVALID_VALUE', `${path} cannot be changed: ${code}`, { cause: error });
  }
}
