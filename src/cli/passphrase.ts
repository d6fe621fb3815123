// SPDX-License-Identifier: Apache-2.0
// The passphrase of a key: never an argument, which every user of the host sees and the shell keeps.
import { closeSync, openSync } from 'node:fs';
import { readBounded } from '../bounded.ts';
import { SecureError } from '../errors.ts';
import { lineOfStdin, Prompt } from './prompt.ts';

const LIMIT = 4096;

/** A stdin that is a socket cannot be opened by its name. */
const STDIN = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']);

/** A file's text; a pipe is waited for, so that `--passphrase-file <(pass show team)` and /dev/fd/3 do. */
function fromFile(path: string): string {
  const unreadable = (why: string, cause?: unknown) =>
    new SecureError('INVALID_VALUE', `--passphrase-file ${path}: ${why}`, {
      hint: 'name a file, or /dev/stdin, whose first line it is',
      cause,
    });
  let data: Buffer | undefined;
  try {
    const fd = openSync(path, 'r');
    try {
      data = readBounded(fd, LIMIT);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw unreadable(`it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  if (data === undefined) throw unreadable(`it is longer than ${LIMIT} bytes`);
  return data.toString('utf8');
}

const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? '';

/**
 * From the file that a flag names, else SECURE_KEY_PASSPHRASE or COSIGN_PASSWORD, else from who sits at the terminal; undefined when nobody does.
 * An empty one is one.
 * @throws SecureError INVALID_VALUE, USAGE when it was interrupted
 */
export async function keyPassphrase(
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  if (file !== undefined) return firstLine(STDIN.has(file) ? await lineOfStdin() : fromFile(file));
  const given = env.SECURE_KEY_PASSPHRASE ?? env.COSIGN_PASSWORD;
  if (given !== undefined || !Prompt.possible) return given;
  const prompt = new Prompt();
  try {
    return await prompt.ask('Passphrase of the key: ', { hidden: true });
  } finally {
    prompt.close();
  }
}
