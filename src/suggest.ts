// SPDX-License-Identifier: Apache-2.0

/** Longer words come from files or hostile input, never from a typing slip; comparing them costs a square. */
const LONGEST = 64;

/** Edit distance: insertions, deletions, substitutions and swaps of neighbours cost 1. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      current.push(best);
    }
    [before, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}

/** The candidate that was most likely meant, or undefined when none is near: a third of the letters may be wrong. */
export function suggest(typed: string, candidates: Iterable<string>): string | undefined {
  if (typed === '' || typed.length > LONGEST) return undefined;
  let found: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of candidates) {
    const d = distance(typed.toLowerCase(), candidate.toLowerCase());
    if (d < least) [least, found] = [d, candidate];
  }
  return found;
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(typed: string, candidates: Iterable<string>): string {
  const found = suggest(typed, candidates);
  return found === undefined ? '' : `; did you mean "${found}"?`;
}
