// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';

const PACKAGE = join(import.meta.dirname, '..', '..');

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
    throw missing('secure-runtime', [named], 'SECURE_RUNTIME');
  }
  return built('secure-runtime', 'SECURE_RUNTIME');
}

/**
 * Path of secure-extract, which unpacks layers: the one built with this package, else the installed one.
 * @throws SecureError RUNTIME_MISSING.
 */
export function extractorBinary(): string {
  return built('secure-extract');
}

/**
 * Path of secure-probe, which looks around where it runs: the one built with this package, else the installed one. A container gets a copy.
 * @throws SecureError RUNTIME_MISSING.
 */
export function probeBinary(): string {
  return built('secure-probe');
}

function built(program: string, variable?: string): string {
  const places = [join(PACKAGE, 'build', 'release', program), join('/usr/libexec/secure', program)];
  const found = places.find(executable);
  if (found === undefined) throw missing(program, places, variable);
  return found;
}

function missing(program: string, places: readonly string[], variable?: string): SecureError {
  const name = variable === undefined ? '' : `, or name it with ${variable}`;
  return new SecureError('RUNTIME_MISSING', `${program} is not executable at ${places.join(' nor at ')}`, {
    hint: `build it with 'make build'${name}`,
    exitCode: ExitCode.host,
  });
}
