// SPDX-License-Identifier: Apache-2.0
// Synchronous writes: the process is about to exit or to be replaced, and nothing may be left in a buffer.
import { writeSync } from 'node:fs';

/** The reader of stdout has gone (`secure logs | head`): end quietly, as cat does. */
export class PipeClosed extends Error {}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

function write(fd: number, data: Uint8Array): void {
  let offset = 0;
  while (offset < data.length) {
    try {
      offset += writeSync(fd, data, offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // Whoever shares the pipe may have set O_NONBLOCK on it; a full pipe then reports EAGAIN instead of waiting.
      if (code === 'EAGAIN') Atomics.wait(PAUSE, 0, 0, 5);
      else if (code === 'EPIPE') throw new PipeClosed();
      else throw error;
    }
  }
}

/** Write to stdout. @throws PipeClosed */
export function print(data: string | Uint8Array): void {
  write(1, typeof data === 'string' ? Buffer.from(data) : data);
}

/** Write to stderr; a stderr that nobody reads is no failure of the command. */
export function printError(data: string | Uint8Array): void {
  try {
    write(2, typeof data === 'string' ? Buffer.from(data) : data);
  } catch (error) {
    if (!(error instanceof PipeClosed)) throw error;
  }
}

/** Colour only on a terminal; NO_COLOR (https://no-color.org) and TERM=dumb turn it off. */
export function colourful(fd: number, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR || env.TERM === 'dumb') return false;
  // Loaded here: node:tty brings the network stack along, which costs a `secure run` more than reading its image.
  return process.getBuiltinModule('node:tty').isatty(fd);
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export function paint(text: string, colour: keyof typeof CODES, on: boolean): string {
  return on ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** Escapes what could steer a terminal: C0 and C1 controls, and the bidirectional overrides (CVE-2021-42574). */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
