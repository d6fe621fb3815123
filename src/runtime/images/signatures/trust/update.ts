// SPDX-License-Identifier: Apache-2.0
// The trusted root of a sigstore instance by The Update Framework (TUF specification 1.0, section 5, which tuf-js carries out): from a pinned
// root over every later one to what the mirror has today. It works in a directory of its own; what is kept is replaced when all of it holds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { SecureError } from '../../../../errors.ts';
import { Inputs } from '../../../inputs.ts';
import { keyInvalid } from '../problems.ts';
import { readTrustedRoot } from '../root.ts';
import { MirrorFetcher } from './fetcher.ts';
import type { Instance } from './instance.ts';
import { type Kept, keepTrust, lockTrust, ROLES, type Role, readKept } from './kept.ts';
import { trustExpired, trustInvalid, trustUnreachable } from './problems.ts';
import { publicRoot } from './public-root.ts';

const TARGET = 'trusted_root.json';
/** Where it is put; metadata of a role ends in `.json`. */
const TARGET_FILE = 'target';

interface Signed {
  readonly version: number;
  readonly expires: string;
}

const signedOf = (text: string): Signed => (JSON.parse(text) as { signed: Signed }).signed;

/** @throws SecureError KEY_INVALID; its signatures are checked by the update itself */
async function pinned({ pin, name }: Instance): Promise<string> {
  const text = (pin ?? (await publicRoot())).toString('utf8');
  try {
    if (Number.isSafeInteger(signedOf(text).version)) return text;
  } catch {
    // Not JSON, or nothing in it.
  }
  throw keyInvalid(
    `the pinned root of ${name}`,
    'it is no root of TUF',
    'give the root.json that the mirror publishes',
  );
}

/** The newer of what is pinned and what was verified before: a root of this program may be ahead of one that lay here for years. */
function firstRoot(pin: string, kept: Kept | undefined): string {
  if (kept === undefined) return pin;
  return signedOf(kept.metadata.root).version >= signedOf(pin).version ? kept.metadata.root : pin;
}

/** What tuf-js said, by what it means for the user. */
function explained(error: unknown, { name }: Instance, { failure }: MirrorFetcher): SecureError {
  if (error instanceof SecureError) return error;
  const text = (error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 300);
  // That there is no further root is how a walk over the roots ends, and no failure.
  if (failure !== undefined && text.includes(failure.error.message)) {
    const { url, error: cause } = failure;
    const why = cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
    return trustUnreachable(name, `${url}: ${why.slice(0, 300)}`, error);
  }
  if (text.includes('is expired')) return trustExpired(name, text, error);
  return trustInvalid(name, text, error);
}

/** Metadata of a finished update, read back from its directory. */
function gathered(directory: string, mirror: string): Kept {
  const metadata = {} as Record<Role, string>;
  const versions = {} as Record<Role, number>;
  const expirations: string[] = [];
  for (const role of ROLES) {
    metadata[role] = readFileSync(join(directory, `${role}.json`), 'utf8');
    const { version, expires } = signedOf(metadata[role]);
    versions[role] = version;
    expirations.push(expires);
  }
  const earliest = Math.min(...expirations.map((text) => Date.parse(text)));
  return {
    mirror,
    metadata,
    versions,
    target: readFileSync(join(directory, TARGET_FILE), 'utf8'),
    expires: new Date(earliest).toISOString(),
    updated: new Date().toISOString(),
  };
}

async function fetchInto(directory: string, instance: Instance, fetcher: MirrorFetcher): Promise<void> {
  const updater = new Updater({
    metadataDir: directory,
    metadataBaseUrl: instance.mirror,
    targetDir: directory,
    targetBaseUrl: `${instance.mirror}/targets`,
    fetcher,
  });
  await updater.refresh();
  const target = await updater.getTargetInfo(TARGET);
  if (target === undefined) throw trustInvalid(instance.name, `it has no ${TARGET}`);
  await updater.downloadTarget(target, join(directory, TARGET_FILE));
}

export interface UpdateOptions {
  /** Milliseconds for each file. */
  readonly timeout?: number;
}

/**
 * Fetch the trusted root of an instance, hold it against its pinned root and what was here before, and keep it.
 * @throws SecureError TRUST_EXPIRED, TRUST_INVALID, TRUST_UNREACHABLE, KEY_INVALID; what was kept before stays
 */
export async function updateTrust(state: string, instance: Instance, { timeout }: UpdateOptions = {}): Promise<Kept> {
  const lock = await lockTrust(state);
  const directory = mkdtempSync(join(tmpdir(), 'secure-trust-'));
  const fetcher = new MirrorFetcher(directory, timeout);
  try {
    const kept = readKept(state, instance, new Inputs());
    const pin = await pinned(instance);
    for (const role of ROLES.slice(1))
      if (kept !== undefined) writeFileSync(join(directory, `${role}.json`), kept.metadata[role], { mode: 0o600 });
    writeFileSync(join(directory, 'root.json'), firstRoot(pin, kept), { mode: 0o600 });
    await fetchInto(directory, instance, fetcher);
    const found = gathered(directory, instance.mirror);
    readTrustedRoot(found.target, `${TARGET} of ${instance.name}`);
    await keepTrust(state, instance, found);
    return found;
  } catch (error) {
    throw explained(error, instance, fetcher);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    lock.release();
  }
}
