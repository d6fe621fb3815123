// SPDX-License-Identifier: Apache-2.0
// What an evaluation may cost. A policy may come from somebody else, and an expression of 100 characters can ask for 10^9 turns of a loop, or
// for a list that holds itself twice, forty times over.
import { isCelList, isCelMap } from '@bufbuild/cel';

/** Turns of loops, values looked at, and 16 characters of text: a unit takes less than a microsecond. */
export const UNITS = 50_000;

const TEXT_UNIT = 16;

export class Budget {
  #left: number;

  constructor(units = UNITS) {
    this.#left = units;
  }

  /** Whether more was asked for than there was. Stays so: what came of the evaluation means nothing. */
  get spent(): boolean {
    return this.#left < 0;
  }

  /** @throws Error when it is spent */
  spend(units: number): void {
    this.#left -= units;
    if (!(this.#left >= 0)) {
      this.#left = -1;
      throw new Error('it takes too long');
    }
  }

  /** Every value in it is counted, as often as it is reached. */
  weigh(value: unknown): void {
    if (typeof value === 'string' || value instanceof Uint8Array) this.spend(1 + value.length / TEXT_UNIT);
    else if (isCelList(value)) {
      this.spend(1);
      for (const each of value) this.weigh(each);
    } else if (isCelMap(value)) {
      this.spend(1);
      for (const [key, each] of value) {
        this.weigh(key);
        this.weigh(each);
      }
    } else this.spend(1);
  }

  /** Of `replace` and `join`: as much as the product of both. */
  room(left: unknown, right: unknown): void {
    const size = (value: unknown) => (typeof value === 'string' ? value.length : isCelList(value) ? value.size : 1);
    this.spend((size(left) * size(right)) / TEXT_UNIT);
  }
}
