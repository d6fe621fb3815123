// SPDX-License-Identifier: Apache-2.0
import type { Region } from '../../../region.ts';

/** Text that was put together from pieces of a file; `offsets[i]` is where its i-th character stands there. */
export interface Mapped {
  readonly text: string;
  readonly offsets: Uint32Array;
}

export const EMPTY: Mapped = { text: '', offsets: new Uint32Array() };

export function slice({ text, offsets }: Mapped, start: number, end: number): Mapped {
  return { text: text.slice(start, end), offsets: offsets.subarray(start, end) };
}

export function trim(mapped: Mapped): Mapped {
  const start = mapped.text.length - mapped.text.trimStart().length;
  return slice(mapped, start, Math.max(start, mapped.text.trimEnd().length));
}

/** Collects characters one by one or in runs. */
export class Builder {
  readonly #texts: string[] = [];
  readonly #offsets: number[] = [];

  add(text: string, offset: number): void {
    this.#texts.push(text);
    for (let i = 0; i < text.length; i += 1) this.#offsets.push(offset + i);
  }

  /** A part of something that is mapped already. */
  copy({ text, offsets }: Mapped, start: number, end: number): void {
    this.#texts.push(text.slice(start, end));
    for (let i = start; i < end; i += 1) this.#offsets.push(offsets[i] ?? 0);
  }

  get length(): number {
    return this.#offsets.length;
  }

  done(): Mapped {
    return { text: this.#texts.join(''), offsets: new Uint32Array(this.#offsets) };
  }
}

/** A file as text, and where its lines begin. */
export class Source {
  readonly text: string;
  readonly #lines: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#lines.push(i + 1);
  }

  #position(offset: number): { line: number; column: number } {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lines[low] ?? 0) + 1 };
  }

  region(start: number, end: number): Region {
    const [from, to] = [this.#position(start), this.#position(Math.max(start, end - 1))];
    return {
      startLine: from.line,
      startColumn: from.column,
      endLine: to.line,
      endColumn: end > start ? to.column + 1 : to.column,
    };
  }

  /** Of something mapped from this file; empty text has no place of its own. */
  of({ offsets }: Mapped, fallback: number): Region {
    const start = offsets[0] ?? fallback;
    return this.region(start, (offsets.at(-1) ?? fallback - 1) + 1);
  }
}
