// SPDX-License-Identifier: Apache-2.0
// How much of what was looked at holds, in numbers.
import { type Audited, type Report, type Result, SEVERITIES, type Severity, TARGETS, type Target } from './types.ts';

/** What a check counts. */
export const WEIGHTS: Readonly<Record<Severity, number>> = { critical: 10, high: 5, medium: 3, low: 1 };

/** Checks by their verdict; `failed` are those of `fail`, by severity. */
export interface Counts {
  readonly pass: number;
  readonly fail: number;
  readonly notApplicable: number;
  readonly unknown: number;
  /** Those that fail in nothing that is not waived; none of `fail`. */
  readonly waived: number;
  readonly failed: Readonly<Record<Severity, number>>;
  /** A check that failed has one or more. Those that are waived are left out. */
  readonly problems: number;
}

/** What became of a check over everything that it was asked about, best first. */
const OUTCOMES = ['not-applicable', 'pass', 'unknown', 'fail'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a result comes to: a failure that only is told, or that somebody has taken on, holds nothing against the score. */
export function outcomeOf(result: Result): Outcome {
  const { verdict, advisory } = result;
  if (verdict.status !== 'fail') return verdict.status;
  if (advisory === true) return 'pass';
  // Nobody has taken on what could not be looked at.
  return isWaived(result) ? ((verdict.unseen ?? []).length > 0 ? 'unknown' : 'pass') : 'fail';
}

/** Of each check the worst that came of it, by id. */
export function worstOf(
  results: readonly Result[],
): Map<string, { readonly weight: number; readonly outcome: Outcome }> {
  const worst = new Map<string, { weight: number; outcome: Outcome }>();
  for (const result of results) {
    const [weight, outcome] = [WEIGHTS[result.check.severity], outcomeOf(result)];
    const known = worst.get(result.check.id);
    if (known === undefined) worst.set(result.check.id, { weight, outcome });
    else {
      known.weight = Math.max(known.weight, weight);
      if (OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(known.outcome)) known.outcome = outcome;
    }
  }
  return worst;
}

/**
 * 0 to 100: of the weight of all checks that were asked, the part of those that neither failed nor stayed unknown anywhere, rounded
 * down, so that 100 means that nothing is open. A check counts once, however many subjects it was asked about and whether it applied to
 * them: so one more subject can take from the score, and never add to it. Null when no check applied to anything.
 */
export function score(results: readonly Result[]): number | null {
  let [held, all, applied] = [0, 0, false];
  for (const { weight, outcome } of worstOf(results).values()) {
    all += weight;
    if (outcome === 'pass' || outcome === 'not-applicable') held += weight;
    if (outcome !== 'not-applicable') applied = true;
  }
  return applied ? Math.floor((100 * held) / all) : null;
}

/** Everything of one kind. */
export interface Section {
  readonly target: Target;
  readonly score: number | null;
  readonly subjects: number;
  /** Checks by the worst that came of them. */
  readonly checks: Readonly<Record<Outcome, number>>;
}

export function sectionsOf(audited: readonly Audited[]): Section[] {
  return TARGETS.flatMap((target) => {
    const subjects = audited.filter((each) => each.target === target);
    if (subjects.length === 0) return [];
    const results = subjects.flatMap((each) => each.results);
    const checks: Record<Outcome, number> = { pass: 0, fail: 0, unknown: 0, 'not-applicable': 0 };
    for (const { outcome } of worstOf(results).values()) checks[outcome] += 1;
    return [{ target, score: score(results), subjects: subjects.length, checks }];
  });
}

/** The score of the worst section: a good one never makes up for a bad one. Null when no section has one. */
export function reportScore(audited: readonly Audited[]): number | null {
  const scores = sectionsOf(audited).flatMap((section) => section.score ?? []);
  return scores.length === 0 ? null : Math.min(...scores);
}

/** Whether somebody has taken on all of a failure. */
export const isWaived = ({ verdict }: Result): boolean =>
  verdict.status === 'fail' && verdict.problems.every(({ waiver }) => waiver !== undefined);

export function count(results: readonly Result[]): Counts {
  const of = (status: Result['verdict']['status']): number =>
    results.filter(({ verdict }) => verdict.status === status).length;
  const failed: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0 };
  let [fail, waived, problems] = [0, 0, 0];
  for (const result of results) {
    if (result.verdict.status !== 'fail') continue;
    if (isWaived(result)) {
      waived += 1;
      continue;
    }
    fail += 1;
    failed[result.check.severity] += 1;
    problems += result.verdict.problems.filter(({ waiver }) => waiver === undefined).length;
  }
  return {
    pass: of('pass'),
    fail,
    notApplicable: of('not-applicable'),
    unknown: of('unknown'),
    waived,
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

/** Whether something fails that counts, and that the baseline did not have. */
const isNew = (result: Result): boolean =>
  outcomeOf(result) === 'fail' &&
  result.verdict.status === 'fail' &&
  result.verdict.problems.some(({ waiver, known }) => waiver === undefined && known !== true);

/** Whether the severities of what is new, or the score of all there is, make an audit a failure. */
export function violates({ audited }: Report, { failOn, minScore }: Threshold): boolean {
  const counted = failOn === 'none' ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
  const failed = audited.some(({ results }) =>
    results.some((result) => isNew(result) && counted.includes(result.check.severity)),
  );
  return failed || (reportScore(audited) ?? 0) < minScore;
}
