// SPDX-License-Identifier: Apache-2.0
// Where secure-runtime looks for what it enforces underneath other engines: a directory with one file per compiled policy, named by its digest, and
// `current`, which names the one that holds. Root's, and nobody else's to write: secure-runtime refuses every container otherwise.
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';
import { compileSeccomp } from '../native.ts';
import { compileEngines } from '../policies/engines/compile.ts';
import type { EffectivePolicy } from '../policies/index.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { makeSystemDirectory } from './engines/files.ts';
import { architecture } from './host.ts';
import { digestOf, parseDigest } from './images/digest.ts';
import { diskError, fsyncDir, writeTemporary } from './images/durable.ts';

export const POLICY_DIRECTORY = '/etc/secure/policy.d';
export const DECISIONS = '/var/log/secure/engines.log';
const CURRENT = 'current';

/** The text of a compiled policy, for this machine. @throws SecureError as of the seccomp compiler */
export function compiledText(policy: EffectivePolicy, log: string = DECISIONS): string {
  const filter = (profile: string): Buffer => compileSeccomp(profile).instructions;
  return `${JSON.stringify(compileEngines(policy, { product: PRODUCT_VERSION, architecture: architecture(), cpus: cpus().length, log, filter }))}\n`;
}

export interface InstalledPolicy {
  readonly directory: string;
  readonly digest: string;
  /** What held before. */
  readonly previous: string | undefined;
}

/** Ours to trust: no link, root's, and writable by nobody else. */
function checkOwned(directory: string): void {
  for (let at = directory; ; at = dirname(at)) {
    const stat = lstatSync(at);
    const shared = (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
    if (!stat.isDirectory() || stat.uid !== 0 || shared) {
      const why = !stat.isDirectory() ? 'is no directory' : stat.uid === 0 ? 'is writable by others' : 'is not root’s';
      throw new SecureError('POLICY_UNTRUSTED', `${at} ${why}: secure-runtime would refuse every container`, {
        hint: `use a directory that only root can change, such as ${POLICY_DIRECTORY}`,
      });
    }
    if (at === '/') return;
  }
}

const currentOf = (directory: string): string | undefined => {
  const path = join(directory, CURRENT);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
};

/** A file under its final name once it is on disk; readable by all, so that engines' users can see what holds. */
function put(path: string, text: string): void {
  const temporary = writeTemporary(path, text, 0o644);
  try {
    chmodSync(temporary, 0o644);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Make a policy that is in the directory the one that holds. @throws SecureError POLICY_MISSING, POLICY_UNTRUSTED */
export async function activatePolicy(directory: string, digest: string): Promise<InstalledPolicy> {
  const at = resolve(directory);
  const { algorithm, hex } = parseDigest(digest) ?? {};
  if (algorithm !== 'sha256' || !existsSync(join(at, `${hex}.json`)))
    throw new SecureError('POLICY_MISSING', `there is no policy ${digest} in ${at}`, {
      hint: `its files are named by the digests of those that were compiled: ls ${at}`,
    });
  checkOwned(at);
  const previous = currentOf(at);
  put(join(at, CURRENT), `${digest}\n`);
  await fsyncDir(at);
  return { directory: at, digest, previous };
}

/**
 * Write a compiled policy, and make it the one that holds: containers that are made from now on, and what is executed in any, are held to it.
 * @throws SecureError NOT_ROOT, POLICY_UNTRUSTED, NO_SPACE; then what held before still holds
 */
export async function installPolicy(directory: string, text: string): Promise<InstalledPolicy> {
  if (process.geteuid?.() !== 0)
    throw new SecureError('NOT_ROOT', 'a policy underneath engines is written by root only', {
      hint: 'run it with sudo, or look at it with --print',
      exitCode: ExitCode.host,
    });
  const at = resolve(directory);
  const digest = digestOf(Buffer.from(text));
  try {
    makeSystemDirectory(at);
    checkOwned(at);
    put(join(at, `${digest.slice(7)}.json`), text);
    // The policy is on disk before it is named.
    await fsyncDir(at);
    return await activatePolicy(at, digest);
  } catch (error) {
    throw diskError(error, `writing ${at}`);
  }
}
