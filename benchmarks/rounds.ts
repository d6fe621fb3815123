// SPDX-License-Identifier: Apache-2.0
// Programs timed in rounds, one after the other.

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** A line for each, with what the first, ours, costs in terms of it. */
export function table(
  title: string,
  names: readonly string[],
  seconds: ReadonlyMap<string, readonly number[]>,
  rounds: number,
): void {
  const ours = median(seconds.get(names[0] ?? '') ?? []);
  console.log(`\n${title}\n  ${''.padEnd(26)}  median      min      max  (s, ${rounds} runs)   ours over it`);
  for (const name of names) {
    const values = seconds.get(name) ?? [];
    const cells = [median(values), Math.min(...values), Math.max(...values)].map((s) => s.toFixed(2).padStart(8));
    console.log(`  ${name.padEnd(26)}${cells.join(' ')}${(ours / median(values)).toFixed(2).padStart(26)}`);
  }
}
