// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';

const PACKAGE = join(import.meta.dirname, '..', '..');
const INSTALLED = '/usr/libexec/secure/secure-runtime';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Path of secure-runtime: `SECURE_RUNTIME`, else the one built with this package, else the installed one.
 * @throws SecureError RUNTIME_MISSING, INVALID_VALUE for a relative `SECURE_RUNTIME`.
 */
export function runtimeBinary(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.SECURE_RUNTIME;
  if (named !== undefined && named !== '') {
    // A relative path would mean another program after every change of directory.
    if (!isAbsolute(named)) throw new SecureError('INVALID_VALUE', `SECURE_RUNTIME is not an absolute path: ${named}`);
    if (executable(named)) return named;
    throw missing([named]);
  }
  const places = [join(PACKAGE, 'build', 'release', 'secure-runtime'), INSTALLED];
  const found = places.find(executable);
  if (found === undefined) throw missing(places);
  return found;
}

function missing(places: readonly string[]): SecureError {
  return new SecureError('RUNTIME_MISSING', `secure-runtime is not executable at ${places.join(' nor at ')}`, {
    hint: "build it with 'make build', or name it with SECURE_RUNTIME",
    exitCode: ExitCode.host,
  });
}
