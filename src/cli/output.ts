// SPDX-License-Identifier: Apache-2.0
// Synchronous writes: the process is about to exit or to be replaced, and nothing may be left in a buffer.
import { writeSync } from 'node:fs';

export { jsonText, paint, printable } from '../terminal.ts';

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
