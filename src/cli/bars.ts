// SPDX-License-Identifier: Apache-2.0
// Lines on a terminal that change while something arrives, below those that stay.
import { formatBytes } from '../runtime/images/format.ts';

/** Milliseconds between two drawings. */
const PERIOD = 100;
const BAR = 24;

export interface Screen {
  write(text: string): void;
  /** Characters in a line. */
  readonly columns: number;
  /** Milliseconds. */
  now(): number;
}

interface Part {
  readonly label: string;
  readonly size: number;
  done: number;
}

function drawn({ label, size, done }: Part, columns: number): string {
  const filled = size === 0 ? BAR : Math.floor((Math.min(done, size) / size) * BAR);
  const bar = `[${'='.repeat(filled)}${' '.repeat(BAR - filled)}]`;
  // A line that the terminal breaks would be two when it is drawn over.
  return `${label} ${bar} ${formatBytes(done)} of ${formatBytes(size)}`.slice(0, Math.max(columns - 1, 1));
}

/** What arrives, a bar each. Only what is under way has one, so there are never more than are fetched at a time. */
export class Bars {
  readonly #screen: Screen;
  readonly #parts = new Map<string, Part>();
  #lines = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  start(key: string, label: string, size: number): void {
    this.#parts.set(key, { label, size, done: 0 });
    this.#draw('');
  }

  /** `done` bytes are here. With the last one its bar becomes a line that stays. */
  advance(key: string, done: number): void {
    const part = this.#parts.get(key);
    if (part === undefined) return;
    part.done = done;
    if (done >= part.size) {
      this.#parts.delete(key);
      this.#draw(`${part.label} ${formatBytes(part.size)}\n`);
    } else if (this.#screen.now() - this.#last >= PERIOD) this.#draw('');
  }

  /** A line that stays, above the bars. */
  line(text: string): void {
    this.#draw(`${text}\n`);
  }

  #draw(above: string): void {
    const lines = [...this.#parts.values()].map((part) => `${drawn(part, this.#screen.columns)}\n`);
    const back = this.#lines === 0 ? '' : `\u001b[${this.#lines}A\u001b[J`;
    this.#screen.write(`${back}${above}${lines.join('')}`);
    this.#lines = lines.length;
    this.#last = this.#screen.now();
  }
}
