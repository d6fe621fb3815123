// SPDX-License-Identifier: Apache-2.0
// What nobody may be able to do to a score, over generated audits: raise it with more subjects.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { cisCoverage } from '../../src/audit/cis.ts';
import { reportScore, score, sectionsOf } from '../../src/audit/score.ts';
import type { AnyCheck, Audited, Target, Verdict } from '../../src/audit/types.ts';
import { fail, NOT_APPLICABLE, PASS, problem, UNKNOWN } from '../support/report.ts';

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const VERDICTS: readonly Verdict[] = [PASS, PASS, NOT_APPLICABLE, UNKNOWN, fail(problem('a'))];

/** A subject whose verdicts are drawn, of the checks there are. */
function subject(target: Target, next: () => number, from: readonly Verdict[] = VERDICTS): Audited {
  const verdict = (): Verdict => from[Math.floor(next() * from.length)] ?? PASS;
  const checks: readonly AnyCheck[] = CHECKS[target as keyof typeof CHECKS];
  return {
    target,
    name: `${target}-${next()}`,
    uri: target,
    results: checks.map((check) => ({ check, verdict: verdict() })),
  };
}

const KINDS = Object.keys(CHECKS) as (keyof typeof CHECKS)[];
const fleet = (next: () => number): Audited[] =>
  Array.from({ length: 1 + Math.floor(next() * 5) }, () =>
    subject(KINDS[Math.floor(next() * KINDS.length)] ?? 'host', next),
  );

describe.each(Array.from({ length: 200 }, (_, seed) => seed))('seed %d', (seed) => {
  const next = random(seed);
  const before = fleet(next);
  const value = reportScore(before) ?? expect.fail();

  it('one more subject never raises a score, whatever is said of it', () => {
    for (const target of KINDS) {
      const after = [...before, subject(target, next)];
      expect(reportScore(after)).toBeLessThanOrEqual(value);
      for (const section of sectionsOf(before)) {
        const same = sectionsOf(after).find((each) => each.target === section.target);
        expect(same?.score).toBeLessThanOrEqual(section.score ?? 101);
      }
      for (const [i, section] of cisCoverage(before).entries())
        if (section.score !== null) expect(cisCoverage(after)[i]?.score).toBeLessThanOrEqual(section.score);
    }
  });

  it('one more that has nothing open lowers none', () => {
    for (const target of KINDS) {
      const hardened = subject(target, next, [PASS, NOT_APPLICABLE]);
      expect(reportScore([...before, hardened])).toBe(value);
    }
  });

  it('a thousand copies, and another order, change nothing', () => {
    const [first] = before;
    if (first === undefined) expect.fail();
    expect(reportScore([...before, ...Array(1000).fill(first)])).toBe(value);
    expect(reportScore(before.toReversed())).toBe(value);
  });

  it('a verdict that gets better never lowers it, and one that gets worse never raises it', () => {
    const order: readonly Verdict['status'][] = ['pass', 'unknown', 'fail'];
    for (const one of before) {
      const at = Math.floor(next() * one.results.length);
      const old = one.results[at]?.verdict.status ?? 'pass';
      if (old === 'not-applicable') continue;
      for (const verdict of [PASS, UNKNOWN, fail(problem('a'))]) {
        const changed = score(one.results.map((each, i) => (i === at ? { ...each, verdict } : each))) ?? -1;
        const worse = order.indexOf(verdict.status) - order.indexOf(old);
        if (worse >= 0) expect(changed).toBeLessThanOrEqual(score(one.results) ?? 0);
        if (worse <= 0) expect(changed).toBeGreaterThanOrEqual(score(one.results) ?? 0);
      }
    }
  });
});
