// SPDX-License-Identifier: Apache-2.0
// Pictures, drawn with presentation attributes: the policy of the page forbids styles on elements.
import type { Outcome } from '../../score.ts';
import { quoted } from './text.ts';

export type Grade = 'good' | 'fair' | 'poor' | 'none';
export const gradeOf = (value: number | null): Grade =>
  value === null ? 'none' : value >= 90 ? 'good' : value >= 60 ? 'fair' : 'poor';

/** A score as a ring, with the number in it. */
export function ring(value: number | null, size: 'big' | 'small'): string {
  const length = 2 * Math.PI * 42;
  const arc = `${((length * (value ?? 0)) / 100).toFixed(1)} ${length.toFixed(1)}`;
  const below = size === 'big' ? '<text class="of" x="50" y="69">of 100</text>' : '';
  const label = value === null ? 'no score' : `score ${value} of 100`;
  // A round cap of nothing would be a dot.
  const drawn =
    value === null || value === 0
      ? ''
      : `<circle class="arc" cx="50" cy="50" r="42" stroke-dasharray="${arc}" transform="rotate(-90 50 50)"/>`;
  return `<svg class="ring ${size} ${gradeOf(value)}" viewBox="0 0 100 100" role="img" aria-label="${label}">
<circle class="track" cx="50" cy="50" r="42"/>${drawn}
<text x="50" y="${size === 'big' ? 47 : 51}">${value ?? '–'}</text>${below}</svg>`;
}

const PARTS: readonly Outcome[] = ['fail', 'unknown', 'pass', 'not-applicable'];
const NAMES: Readonly<Record<Outcome, string>> = {
  fail: 'failed',
  unknown: 'unknown',
  pass: 'passed',
  'not-applicable': 'not applicable',
};

/** `3 failed, 2 unknown, 40 passed` */
export const partsText = (checks: Readonly<Record<Outcome, number>>): string =>
  PARTS.filter((part) => checks[part] > 0)
    .map((part) => `${checks[part]} ${NAMES[part]}`)
    .join(', ');

/** Checks by what came of them, as a bar. */
export function bar(checks: Readonly<Record<Outcome, number>>): string {
  const all = PARTS.reduce((sum, part) => sum + checks[part], 0);
  let left = 0;
  const pieces = PARTS.map((part) => {
    const width = all === 0 ? 0 : (200 * checks[part]) / all;
    const piece = `<rect class="${part}" x="${left.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="8"/>`;
    left += width;
    return width === 0 ? '' : piece;
  });
  return `<svg class="bar" viewBox="0 0 200 8" preserveAspectRatio="none" role="img" aria-label="${partsText(checks)}">${pieces.join('')}</svg>`;
}

/** As many earlier scores as can be told apart. */
const POINTS = 60;

/** Scores over time as a line; '' for fewer than two. */
export function trend(history: readonly { readonly generated: string; readonly score: number | null }[]): string {
  const known = history
    .flatMap(({ generated, score }) => (score === null ? [] : [{ generated, score }]))
    .slice(-POINTS);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2) return '';
  const at = ({ score }: { score: number }, i: number): string =>
    `${(4 + (232 * i) / (known.length - 1)).toFixed(1)},${(66 - (60 * score) / 100).toFixed(1)}`;
  const points = known.map(at);
  const change = last.score - first.score;
  const word = change === 0 ? 'unchanged' : change > 0 ? `up ${change}` : `down ${-change}`;
  const label = `score from ${first.score} on ${first.generated.slice(0, 10)} to ${last.score} on ${last.generated.slice(0, 10)}, ${known.length} audits`;
  const [x, y] = (points.at(-1) ?? '').split(',');
  return `<figure class="trend ${gradeOf(last.score)}"><svg viewBox="0 0 240 72" role="img" aria-label="${quoted(label)}">
<path class="grid" d="M4 6H236M4 36H236M4 66H236"/><polygon points="4,66 ${points.join(' ')} 236,66"/><polyline points="${points.join(' ')}"/><circle cx="${x}" cy="${y}" r="3.5"/></svg>
<figcaption><strong>${word}</strong> since ${quoted(first.generated.slice(0, 10))}, over ${known.length} audits</figcaption></figure>`;
}
