// SPDX-License-Identifier: Apache-2.0
// -e and --env-file, by docker's rules.
import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import type { Inputs } from '../../runtime/inputs.ts';
import { invalidValue } from '../read.ts';

const LIMIT = 1024 * 1024;

/** One `NAME=VALUE`, or `NAME` for what is set here; undefined when that is not set. */
function variable(flag: string, text: string, inputs: Inputs): string | undefined {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === '') throw invalidValue(flag, text, 'NAME=VALUE or NAME');
  if (equals >= 0) return text;
  const value = inputs.env(name);
  return value === undefined ? undefined : `${name}=${value}`;
}

/** Lines of an environment file: comments and empty lines skipped, values as they stand, quotes included. */
function fileLines(flag: string, path: string, cwd: string, inputs: Inputs): string[] {
  const file = inputs.read(resolve(cwd, path), LIMIT);
  if (file === undefined) throw invalidValue(flag, path, 'a file that exists');
  if (!isUtf8(file.data) || file.data.includes(0)) throw invalidValue(flag, path, 'a text file in UTF-8');
  const lines = file.data
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Variables of the files, then of the flags: the last word on a name wins. @throws SecureError INVALID_VALUE */
export function readEnvironment(
  files: readonly string[],
  flags: readonly string[],
  cwd: string,
  inputs: Inputs,
): string[] {
  const given: string[] = [];
  for (const path of files) {
    for (const line of fileLines('--env-file', path, cwd, inputs)) {
      if (/\s/.test(line.split('=', 1)[0] ?? ''))
        throw invalidValue('--env-file', path, `NAME=VALUE in each line, not ${JSON.stringify(line.slice(0, 80))}`);
      const entry = variable('--env-file', line, inputs);
      if (entry !== undefined) given.push(entry);
    }
  }
  for (const text of flags) {
    const entry = variable('--env', text, inputs);
    if (entry !== undefined) given.push(entry);
  }
  const byName = new Map(given.map((entry) => [entry.slice(0, entry.indexOf('=')), entry]));
  return [...byName.values()];
}
