// SPDX-License-Identifier: Apache-2.0
// Trusted roots below the state root: one file for each instance, so that what is there is all of one update or all of the one before.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Inputs } from '../../../inputs.ts';
import { writeAtomic } from '../../durable.ts';
import { type Lock, lockFile } from '../../lock.ts';
import { keyInvalid } from '../problems.ts';
import { readTrustedRoot, type TrustedRoot } from '../root.ts';
import type { Instance } from './instance.ts';
import { trustExpired, trustMissing } from './problems.ts';

/** TUF metadata that an update begins with, in the order in which one vouches for the next. */
export const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type Role = (typeof ROLES)[number];

export interface Kept {
  readonly mirror: string;
  /** Signed JSON of each role, as the mirror gave it. */
  readonly metadata: Readonly<Record<Role, string>>;
  readonly versions: Readonly<Record<Role, number>>;
  /** trusted_root.json. */
  readonly target: string;
  /** When the first of all that vouches for it expires, ISO 8601. */
  readonly expires: string;
  readonly updated: string;
}

/** The public instance's has a hundred thousand characters. */
const KEPT_LIMIT = 16 << 20;

const directory = (state: string): string => join(state, 'trust');
export const keptPath = (state: string, { key }: Instance): string => join(directory(state), `${key}.json`);

/** What the last update left; undefined: there was none. @throws SecureError KEY_INVALID when it is damaged */
export function readKept(state: string, instance: Instance, inputs: Inputs): Kept | undefined {
  const path = keptPath(state, instance);
  const file = inputs.read(path, KEPT_LIMIT);
  if (file === undefined) return undefined;
  const damaged = (cause?: unknown) =>
    keyInvalid(path, 'it is damaged', 'remove it and run `secure image trust update`', cause);
  let kept: Kept;
  try {
    kept = JSON.parse(file.data.toString('utf8')) as Kept;
  } catch (cause) {
    throw damaged(cause);
  }
  const texts = [kept?.target, kept?.mirror, kept?.updated, ...ROLES.map((role) => kept?.metadata?.[role])];
  const numbers = ROLES.map((role) => kept.versions?.[role]);
  if (texts.some((text) => typeof text !== 'string') || !numbers.every(Number.isSafeInteger)) throw damaged();
  if (Number.isNaN(Date.parse(kept.expires))) throw damaged();
  return kept;
}

/** Replace it. The caller holds the lock. */
export async function keepTrust(state: string, instance: Instance, kept: Kept): Promise<void> {
  await writeAtomic(keptPath(state, instance), `${JSON.stringify(kept)}\n`);
}

/** One update at a time: of two, the older one must not be the last to write. */
export async function lockTrust(state: string): Promise<Lock> {
  mkdirSync(directory(state), { recursive: true, mode: 0o700 });
  chmodSync(directory(state), 0o700);
  return lockFile(join(directory(state), 'lock'), true);
}

/**
 * The trusted root of an instance, with no network: as the last update left it, while everything that vouches for it holds.
 * @throws SecureError TRUST_MISSING, TRUST_EXPIRED, KEY_INVALID
 */
export function keptTrustedRoot(state: string, instance: Instance, inputs: Inputs): TrustedRoot {
  const kept = readKept(state, instance, inputs);
  if (kept === undefined) throw trustMissing(instance);
  if (Date.parse(kept.expires) <= Date.now())
    throw trustExpired(instance.name, `what is here expired on ${kept.expires}`);
  return readTrustedRoot(kept.target, `the trusted root of ${instance.name}`);
}
