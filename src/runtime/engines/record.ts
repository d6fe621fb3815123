// SPDX-License-Identifier: Apache-2.0
// What was there before, for --undo. Beside the policies that it belongs to, since it describes /etc; root's alone, since a configuration may
// hold passwords.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { type Snapshot, snapshot } from './files.ts';
import type { EngineName, Text } from './types.ts';

export interface EngineRecord {
  readonly schemaVersion: 1;
  /** The configuration that was changed. */
  readonly file: string;
  /** Before the first installation. */
  readonly original: Text;
  /** SHA-256 of what was written. */
  readonly wrote: string;
  /** Nobody else had changed the file between two installations, so `original` is all that was there. */
  readonly exact: boolean;
}

/** The link that engines call the runtime by. */
export interface LinkRecord {
  readonly schemaVersion: 1;
  /** Where it led before; null: there was none. */
  readonly before: string | null;
  readonly target: string;
}

export interface Kept<T> {
  readonly file: Snapshot;
  /** null: nothing is recorded. */
  readonly value: T | null;
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
export const recordText = (record: EngineRecord | LinkRecord): string => `${JSON.stringify(record, undefined, 2)}\n`;

const isText = (value: unknown): boolean => value === null || typeof value === 'string';
const engineRecord = (value: Partial<EngineRecord>): boolean =>
  value.schemaVersion === 1 &&
  typeof value.file === 'string' &&
  isText(value.original) &&
  typeof value.wrote === 'string' &&
  typeof value.exact === 'boolean';
const linkRecord = (value: Partial<LinkRecord>): boolean =>
  value.schemaVersion === 1 && isText(value.before) && typeof value.target === 'string';

/** @throws SecureError CONFIG_INVALID, ENGINE_UNTRUSTED */
function read<T>(path: string, valid: (value: Partial<T>) => boolean): Kept<T> {
  const file = { ...snapshot(path), mode: 0o600 };
  if (file.text === null) return { file, value: null };
  try {
    const value = JSON.parse(file.text) as unknown;
    if (typeof value === 'object' && value !== null && valid(value)) return { file, value: value as T };
  } catch {
    // As what is no record.
  }
  throw new SecureError('CONFIG_INVALID', 'this is not what an installation writes', {
    position: { file: path },
    hint: `move it away: --undo then takes out only what names the runtime`,
    exitCode: ExitCode.findings,
  });
}

export const readEngineRecord = (directory: string, engine: EngineName): Kept<EngineRecord> =>
  read(join(directory, `${engine}.json`), engineRecord);
export const readLinkRecord = (directory: string): Kept<LinkRecord> => read(join(directory, 'link.json'), linkRecord);
