// SPDX-License-Identifier: Apache-2.0
// Programs that bring files from the network, and where they put them.
import type { Command } from './commands.ts';

export const FETCHERS = new Set(['curl', 'wget', 'fetch', 'http', 'https', 'lynx', 'aria2c', 'axel']);
const STDOUT = new Set(['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']);

/** A short option in a cluster (`-fsSLo FILE`, `-qO-`) or by its long name; its value, '' when it has none, undefined when it is not there. */
export function option({ args }: Command, short: string, long: readonly string[]): string | undefined {
  for (const [i, { value }] of args.entries()) {
    if (value.startsWith('--')) {
      const equals = value.indexOf('=');
      const name = value.slice(2, equals < 0 ? undefined : equals);
      if (long.includes(name)) return equals < 0 ? (args[i + 1]?.value ?? '') : value.slice(equals + 1);
    } else if (short !== '' && value.startsWith('-')) {
      const at = value.indexOf(short, 1);
      // Letters before it are options without a value; a dash or a dot belongs to a value.
      if (at > 0 && /^[A-Za-z0-9#]*$/.test(value.slice(1, at)))
        return value.slice(at + 1) || (args[i + 1]?.value ?? '');
    }
  }
  return undefined;
}

const has = ({ args }: Command, short: string, long: string): boolean =>
  args.some(
    ({ value }) =>
      value === `--${long}` || (value.startsWith('-') && !value.startsWith('--') && value.slice(1).includes(short)),
  );

/** The URLs among the words of a command; one without a scheme, as curl takes it, is none. */
export function urls({ args }: Command): string[] {
  return args.map(({ value }) => value).filter((value) => /^(?:https?|ftp):\/\//i.test(value));
}

function baseName(url: string): string {
  const path = url.replace(/[?#][\s\S]*$/, '');
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What is written to standard output comes from the network. */
export function fetchesToStdout(command: Command): boolean {
  if (!FETCHERS.has(command.name) || command.redirects.some(({ operator }) => /^(?:>>?|>\||&>)$/.test(operator)))
    return false;
  if (command.name === 'wget') return STDOUT.has(option(command, 'O', ['output-document']) ?? '');
  if (command.name === 'aria2c' || command.name === 'axel') return false;
  if (command.name === 'fetch') return STDOUT.has(option(command, 'o', ['output']) ?? '');
  if (command.name !== 'curl') return true;
  const output = option(command, 'o', ['output']);
  if (output !== undefined) return STDOUT.has(output);
  return !has(command, 'O', 'remote-name') && !has(command, 'O', 'remote-name-all');
}

/** Names of the files that a command writes from the network. */
export function fetchedFiles(command: Command): string[] {
  if (!FETCHERS.has(command.name)) return [];
  const redirected = command.redirects.filter(({ operator }) => /^(?:>>?|>\||&>)$/.test(operator));
  if (redirected.length > 0) return redirected.map(({ target }) => target);
  if (fetchesToStdout(command)) return [];
  const output = command.name === 'wget' ? option(command, 'O', ['output-document']) : option(command, 'o', ['output']);
  return output !== undefined && output !== '' ? [output] : urls(command).map(baseName);
}
