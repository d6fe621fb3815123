// SPDX-License-Identifier: Apache-2.0

const STEPS = '▁▂▃▄▅▆▇█';
const SHOWN = 30;

/** Scores as a line of blocks, 0 to 100; what had none is a gap. */
export const sparkline = (scores: readonly (number | null)[]): string =>
  scores
    .slice(-SHOWN)
    .map((score) => (score === null ? ' ' : (STEPS[Math.min(7, Math.floor((score * 8) / 100))] ?? ' ')))
    .join('');

const scoreText = (score: number | null): string => (score === null ? 'no score' : String(score));

/** `41 -> 63 (up 22)` */
export function changeText(old: number | null, now: number | null): string {
  const both = `${scoreText(old)} -> ${scoreText(now)}`;
  if (old === null || now === null) return both;
  return `${both} (${old === now ? 'unchanged' : now > old ? `up ${now - old}` : `down ${old - now}`})`;
}
