// SPDX-License-Identifier: Apache-2.0
// Without root: the command executes itself again as root of a namespace of the user's own ids. Files of images keep their owners there,
// and what belongs to any of them can be read and removed.
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { ExitCode, SecureError } from '../../errors.ts';
import { runtimeBinary } from '../binary.ts';
import { becomeProgram } from '../execute.ts';
import { isMissing } from '../inputs.ts';
import type { IdMap } from './identity.ts';
import { userRoots } from './places.ts';
import { mapOf, parseSubids } from './subids.ts';

/** Where native code looks for them, in the same order: set-user-id programs are not found by PATH. */
const PLACES = ['/usr/bin', '/bin', '/usr/local/bin'];
/** A first range to suggest, above what useradd(8) gives by itself to a few hundred users. */
const SUGGESTED = { first: 100_000_000, count: 65_536 };

function requireProgram(program: string): void {
  for (const place of PLACES) {
    try {
      accessSync(`${place}/${program}`, constants.X_OK);
      return;
    } catch {
      // Perhaps in the next.
    }
  }
  throw new SecureError('TOOL_MISSING', `${program} is not installed, and only root may map ids without it`, {
    hint: "install the package uidmap (elsewhere shadow-utils or shadow), or use 'sudo'",
    exitCode: ExitCode.host,
  });
}

/** Undefined for a user who is in no /etc/passwd; the files below may have the number all the same. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw new SecureError('SUBIDS_MISSING', `${path} cannot be read: ${(error as Error).message}`, {
      hint: `it has to be readable for everybody: chmod 644 ${path}`,
      exitCode: ExitCode.host,
      cause: error,
    });
  }
}

function mapFrom(path: string, own: number, uid: number): IdMap[] {
  const name = userName();
  const owners = new Set(name === undefined ? [String(uid)] : [name, String(uid)]);
  const map = mapOf(own, parseSubids(readIfThere(path), owners));
  if (map.length > 1) return map;
  const line = `${name ?? uid}:${SUGGESTED.first}:${SUGGESTED.count}`;
  throw new SecureError(
    'SUBIDS_MISSING',
    `${path} grants user ${name ?? uid} no ids, which files of images belong to`,
    {
      hint: `root has to add a line such as ${line}, with ids that nobody else has; or use 'sudo'`,
      exitCode: ExitCode.host,
    },
  );
}

const text = (map: readonly IdMap[]) =>
  map.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`).join(',');

/**
 * Root stays where it is, that of a namespace too. Anybody else becomes root of their own and this process starts again with the same
 * arguments; then it returns only by throwing. What native code cannot do afterwards, it says in the form of this program.
 * @param argv of the command line @param json whether failures are told as JSON
 * @throws SecureError SUBIDS_MISSING, TOOL_MISSING, STORE_FOREIGN, RUNTIME_MISSING, RUNTIME_FAILED
 */
export function enterNamespace(argv: readonly string[], json: boolean): void {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return;
  const uids = mapFrom('/etc/subuid', uid, uid);
  const gids = mapFrom('/etc/subgid', process.getegid?.() ?? uid, uid);
  requireProgram('newuidmap');
  requireProgram('newgidmap');
  const roots = userRoots(uid);
  const again = [process.execPath, ...process.execArgv, '--', process.argv[1] ?? '', ...argv];
  const words = [...(json ? ['--json'] : []), '--uids', text(uids), '--gids', text(gids), '--', ...again];
  becomeProgram(runtimeBinary(), ['secure-runtime', 'namespace', ...words], {
    ...process.env,
    // Root's home would be another one.
    HOME: process.env.HOME || homedir(),
    SECURE_STATE_ROOT: roots.state,
    SECURE_RUN_ROOT: roots.run,
  });
}
