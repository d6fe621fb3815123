// SPDX-License-Identifier: Apache-2.0
// Random numbers that can be had again: SECURE_TEST_SEED=N repeats a failure, whose message names its seed.

export interface Random {
  readonly seed: number;
  /** 0 <= n < limit. */
  int(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32. */
export function random(seed = Number(process.env.SECURE_TEST_SEED ?? Date.now() % 2 ** 31)): Random {
  let state = seed | 0;
  const int = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    seed,
    int,
    pick: (from) => {
      const found = from[int(from.length)];
      if (found === undefined && from.length === 0) throw new RangeError('nothing to pick from');
      return found as (typeof from)[number];
    },
  };
}
