// SPDX-License-Identifier: Apache-2.0
// Versions of RPM packages, `epoch:version-release` (rpm-version(7)): runs of digits and of letters in turn.

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';
const isLetter = (char: string | undefined): boolean => char !== undefined && /[A-Za-z]/.test(char);
const counts = (char: string): boolean => isDigit(char) || isLetter(char) || char === '~' || char === '^';

/** Text with a place in it. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get next(): string | undefined {
    return this.#text[this.#at];
  }

  skip(): void {
    this.#at += 1;
  }

  /** What neither divides nor counts is left out. */
  skipSeparators(): void {
    while (this.next !== undefined && !counts(this.next)) this.skip();
  }

  run(of: (char: string | undefined) => boolean): string {
    const from = this.#at;
    while (of(this.next)) this.skip();
    return this.#text.slice(from, this.#at);
  }
}

/** `~` sorts before everything, the end included; `^` after the end, and before everything else. */
function marks(a: Cursor, b: Cursor): number | 'same' | 'none' {
  if (a.next === '~' || b.next === '~') {
    if (a.next !== '~') return 1;
    return b.next === '~' ? 'same' : -1;
  }
  if (a.next !== '^' && b.next !== '^') return 'none';
  if (a.next === undefined) return -1;
  if (b.next === undefined) return 1;
  if (a.next !== '^') return 1;
  return b.next === '^' ? 'same' : -1;
}

function comparePart(left: string, right: string): number {
  const [a, b] = [new Cursor(left), new Cursor(right)];
  for (;;) {
    a.skipSeparators();
    b.skipSeparators();
    const mark = marks(a, b);
    if (typeof mark === 'number') return mark;
    if (mark === 'same') {
      a.skip();
      b.skip();
      continue;
    }
    if (a.next === undefined || b.next === undefined)
      return Number(a.next !== undefined) - Number(b.next !== undefined);
    const numeric = isDigit(a.next);
    const [one, other] = [a, b].map((cursor) => cursor.run(numeric ? isDigit : isLetter)) as [string, string];
    // A number is later than letters.
    if (other === '') return numeric ? 1 : -1;
    const [x, y] = numeric ? [one.replace(/^0+/, ''), other.replace(/^0+/, '')] : [one, other];
    if (numeric && x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
  }
}

interface Version {
  readonly epoch: number;
  readonly version: string;
  /** Undefined: any. */
  readonly release: string | undefined;
}

/** Undefined: no version. */
function parse(text: string): Version | undefined {
  const [, epoch = '0', version = '', release] = /^(?:(\d{1,9}):)?([^:\s-]+)(?:-([^:\s-]+))?$/.exec(text.trim()) ?? [];
  return version === '' ? undefined : { epoch: Number(epoch), version, release };
}

/** Below, at or above 0; undefined: one of them is no version. */
export function compareRpm(left: string, right: string): number | undefined {
  const [a, b] = [parse(left), parse(right)];
  if (a === undefined || b === undefined) return undefined;
  const first = a.epoch - b.epoch || comparePart(a.version, b.version);
  if (first !== 0 || a.release === undefined || b.release === undefined) return first;
  return comparePart(a.release, b.release);
}
