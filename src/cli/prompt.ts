// SPDX-License-Identifier: Apache-2.0
// Questions on the terminal. In raw mode throughout: between two questions nothing typed ahead is lost or echoed.
import { StringDecoder } from 'node:string_decoder';
import { ExitCode, SecureError } from '../errors.ts';
import { printError } from './output.ts';

const LINE_LIMIT = 4096;
/** Bytes of stdin for what must be a line. */
const INPUT_LIMIT = 64 << 10;

const interrupted = () => new SecureError('USAGE', 'interrupted', { exitCode: 130 });

export class Prompt {
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onData = (chunk: Buffer) => {
    this.#pending += this.#decoder.write(chunk);
    this.#wake?.();
  };
  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake?.();
  };

  /** True when somebody can be asked. */
  static get possible(): boolean {
    return process.getBuiltinModule('node:tty').isatty(0);
  }

  constructor() {
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.#onData).on('end', this.#onEnd);
  }

  /** One line. @throws SecureError USAGE: interrupted, ended or too long */
  async ask(question: string, { hidden = false } = {}): Promise<string> {
    printError(question);
    let line = '';
    for (;;) {
      const [char] = this.#pending;
      if (char === undefined) {
        if (this.#ended) throw interrupted();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#pending = this.#pending.slice(char.length);
      if (char === '\r' || char === '\n') break;
      if (char === '\u0003' || (char === '\u0004' && line === '')) {
        printError('\r\n');
        throw interrupted();
      }
      const next = edited(line, char);
      if (next.length > LINE_LIMIT)
        throw new SecureError('INVALID_VALUE', `more than ${LINE_LIMIT} characters were typed`);
      if (!hidden) printError(next.length > line.length ? char : '\b \b'.repeat([...line].length - [...next].length));
      line = next;
    }
    printError('\r\n');
    return line;
  }

  close(): void {
    process.stdin.off('data', this.#onData).off('end', this.#onEnd);
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }
}

/** The line after a key: backspace, Ctrl-U, text. */
function edited(line: string, char: string): string {
  if (char === '\u007f' || char === '\b') return [...line].slice(0, -1).join('');
  if (char === '\u0015') return '';
  return char < ' ' ? line : line + char;
}

/** All of stdin as one line, without the line break at its end. @throws SecureError INVALID_VALUE */
export async function lineOfStdin(): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > INPUT_LIMIT) {
      throw new SecureError('INVALID_VALUE', `stdin has more than ${INPUT_LIMIT} bytes`, { exitCode: ExitCode.usage });
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
