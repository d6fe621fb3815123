// SPDX-License-Identifier: Apache-2.0
// How much of what was looked at holds, in numbers.
import { type Audited, type Report, type Result, SEVERITIES, type Severity } from './types.ts';

const WEIGHTS: Readonly<Record<Severity, number>> = { critical: 10, high: 5, medium: 3, low: 1 };

/** Checks by their verdict; `failed` are those of `fail`, by severity. */
export interface Counts {
  readonly pass: number;
  readonly fail: number;
  readonly notApplicable: number;
  readonly unknown: number;
  readonly failed: Readonly<Record<Severity, number>>;
  /** A check that failed has one or more. */
  readonly problems: number;
}

/**
 * 0 to 100: the weight of the checks that passed, of all that passed or failed, rounded down, so that 100 means that
 * nothing failed. Null when no check came to a verdict: nothing is known to be good.
 */
export function score(results: readonly Result[]): number | null {
  let passed = 0;
  let decided = 0;
  for (const { check, verdict } of results) {
    if (verdict.status !== 'pass' && verdict.status !== 'fail') continue;
    decided += WEIGHTS[check.severity];
    if (verdict.status === 'pass') passed += WEIGHTS[check.severity];
  }
  return decided === 0 ? null : Math.floor((100 * passed) / decided);
}

/** The score of the worst target: a good one never makes up for a bad one. Null when one of them has none. */
export function reportScore(audited: readonly Audited[]): number | null {
  const scores = audited.map(({ results }) => score(results));
  return scores.length === 0 || scores.includes(null) ? null : Math.min(...scores.map(Number));
}

export function count(results: readonly Result[]): Counts {
  const of = (status: Result['verdict']['status']): number =>
    results.filter(({ verdict }) => verdict.status === status).length;
  const failed: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0 };
  let problems = 0;
  for (const { check, verdict } of results) {
    if (verdict.status !== 'fail') continue;
    failed[check.severity] += 1;
    problems += verdict.problems.length;
  }
  return {
    pass: of('pass'),
    fail: of('fail'),
    notApplicable: of('not-applicable'),
    unknown: of('unknown'),
    failed,
    problems,
  };
}

/** What makes an audit a failure. */
export interface Threshold {
  /** The lowest severity of a failed check that counts; `none`: none does. */
  readonly failOn: Severity | 'none';
  /** A report without a score is below every score but 0: it shows nothing. */
  readonly minScore: number;
}

export function violates({ audited }: Report, { failOn, minScore }: Threshold): boolean {
  const counted = failOn === 'none' ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
  const { failed } = count(audited.flatMap(({ results }) => results));
  return counted.some((severity) => failed[severity] > 0) || (reportScore(audited) ?? 0) < minScore;
}
