// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { count, reportScore, score, sectionsOf, type Threshold, violates } from '../../src/audit/score.ts';
import type { Audited, Report, Result, Severity, Verdict } from '../../src/audit/types.ts';
import { checkOf, fail, NOT_APPLICABLE, PASS, problem, REPORT, UNKNOWN } from '../support/report.ts';

const FAIL = fail(problem('a'), problem('b'));
const results = (...pairs: readonly (readonly [Severity, Verdict])[]): Result[] =>
  pairs.map(([severity, verdict], i) => ({ check: checkOf(`SEC-HOST-000${i}`, severity), verdict }));
const audited = (...pairs: readonly (readonly [Severity, Verdict])[]): Audited => ({
  target: 'host',
  name: 'x',
  uri: 'host',
  results: results(...pairs),
});
const reportOf = (...all: readonly Audited[]): Report => ({ product: '1.0.0', generated: '', audited: all });

describe('score', () => {
  it.each<[string, readonly (readonly [Severity, Verdict])[], number | null]>([
    [
      'all passed',
      [
        ['critical', PASS],
        ['low', PASS],
      ],
      100,
    ],
    ['all failed', [['critical', FAIL]], 0],
    [
      'by weight',
      [
        ['critical', PASS],
        ['high', FAIL],
      ],
      66,
    ],
    ['rounded down, so never 100 with a failure', [...Array(30).fill(['critical', PASS]), ['low', FAIL]], 99],
    [
      'what is not known counts against it, what does not apply holds',
      [
        ['low', PASS],
        ['critical', UNKNOWN],
        ['high', NOT_APPLICABLE],
      ],
      37,
    ],
    ['nothing known is the worst score', [['critical', UNKNOWN]], 0],
    ['nothing that applies is no score', [['high', NOT_APPLICABLE]], null],
    ['nothing asked is no score', [], null],
  ])('%s', (_, pairs, expected) => expect(score(results(...pairs))).toBe(expected));

  it('a failure that is only told holds nothing against it', () => {
    const [told] = results(['critical', FAIL]);
    if (told === undefined) expect.fail();
    expect(score([{ ...told, advisory: true }])).toBe(100);
    const report = reportOf({ ...audited(), results: [{ ...told, advisory: true }] });
    expect(violates(report, { failOn: 'low', minScore: 100 })).toBe(false);
  });

  it('what nobody could look at is not waived with what was found', () => {
    const waiver = { owner: 'ops', reason: 'until the move', expires: '2027-01-31' };
    const waived = fail(problem('a', { waiver }));
    expect(score(results(['critical', waived]))).toBe(100);
    expect(score(results(['critical', { ...waived, unseen: ['/etc/x'] } as Verdict]))).toBe(0);
  });

  it('of several subjects a check counts once, by the worst that came of it', () => {
    const [one, two] = [audited(['critical', PASS], ['high', FAIL]), audited(['critical', UNKNOWN], ['high', PASS])];
    expect(sectionsOf([one, two])).toEqual([
      { target: 'host', score: 0, subjects: 2, checks: { pass: 0, fail: 1, unknown: 1, 'not-applicable': 0 } },
    ]);
  });

  it('a report is as good as its worst', () => {
    const [good, bad] = [audited(['high', PASS]), audited(['critical', PASS], ['high', FAIL])];
    expect(reportScore([bad])).toBe(66);
    expect(reportScore([good, bad, good])).toBe(66);
    expect(reportScore([{ ...good, target: 'image' }, bad])).toBe(66);
    expect(reportScore([good, audited(['low', UNKNOWN])])).toBe(0);
    expect(reportScore([])).toBeNull();
  });
});

it('counts checks and problems', () => {
  expect(count(REPORT.audited.flatMap((each) => each.results))).toEqual({
    pass: 2,
    fail: 4,
    notApplicable: 1,
    unknown: 1,
    waived: 0,
    failed: { critical: 1, high: 1, medium: 1, low: 1 },
    problems: 6,
  });
});

describe('violates', () => {
  const medium = reportOf(audited(['medium', FAIL], ['critical', PASS]));
  it.each<[Threshold, boolean]>([
    [{ failOn: 'critical', minScore: 0 }, false],
    [{ failOn: 'high', minScore: 0 }, false],
    [{ failOn: 'medium', minScore: 0 }, true],
    [{ failOn: 'low', minScore: 0 }, true],
    [{ failOn: 'none', minScore: 0 }, false],
    [{ failOn: 'none', minScore: 76 }, false],
    [{ failOn: 'none', minScore: 77 }, true],
  ])('a medium failure, score 76: %j is %s', (threshold, expected) => {
    expect(reportScore(medium.audited)).toBe(76);
    expect(violates(medium, threshold)).toBe(expected);
  });

  it('a critical failure counts for every --fail-on but none', () => {
    const critical = reportOf(audited(['critical', FAIL]));
    for (const failOn of ['critical', 'high', 'medium', 'low'] as const)
      expect(violates(critical, { failOn, minScore: 0 })).toBe(true);
    expect(violates(critical, { failOn: 'none', minScore: 0 })).toBe(false);
  });

  it('what shows nothing has no score to be above', () => {
    for (const verdict of [UNKNOWN, NOT_APPLICABLE]) {
      expect(violates(reportOf(audited(['low', verdict])), { failOn: 'high', minScore: 1 })).toBe(true);
      expect(violates(reportOf(audited(['low', verdict])), { failOn: 'high', minScore: 0 })).toBe(false);
    }
  });
});
