// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { BENCHMARK, cisCoverage } from '../../src/audit/cis.ts';
import { ANY_KEY, type Audited, type Verdict } from '../../src/audit/types.ts';
import { checkOf, fail, PASS, problem, UNKNOWN } from '../support/report.ts';

const about = (id: string, item: string, verdict: Verdict): Audited => ({
  target: 'container',
  name: id,
  uri: 'container/x',
  results: [{ check: { ...checkOf(id, 'high', 'container'), frameworks: [`${BENCHMARK}:${item}`, 'X:5.1'] }, verdict }],
});

describe('coverage of CIS', () => {
  it('has the 117 recommendations of sections 1 to 7', () => {
    expect(cisCoverage([]).map(({ id, items }) => [id, items.length])).toEqual([
      ['1', 20],
      ['2', 18],
      ['3', 24],
      ['4', 12],
      ['5', 32],
      ['6', 2],
      ['7', 9],
    ]);
    expect(
      cisCoverage([])[0]
        ?.items.slice(-3)
        .map(({ id }) => id),
    ).toEqual(['1.1.18', '1.2.1', '1.2.2']);
  });

  it('an item is as good as the worst of its checks on any subject', () => {
    const coverage = cisCoverage([
      about('A', '5.1', PASS),
      about('B', '5.1', UNKNOWN),
      about('C', '5.10', fail(problem('x'))),
    ]);
    const items = new Map(coverage.flatMap((section) => section.items.map((item) => [item.id, item])));
    expect(items.get('5.1')).toMatchObject({ id: '5.1', outcome: 'unknown', checks: ['A', 'B'] });
    expect(items.get('5.10')?.outcome).toBe('fail');
    expect(items.get('5.2')).toMatchObject({ id: '5.2', outcome: 'not-covered', checks: [] });
    const scores = coverage.map(({ score }) => score);
    expect(scores.toSpliced(4, 1)).toEqual([null, null, null, null, null, null]);
    expect(scores[4]).toBeGreaterThan(50);
    expect(scores[4]).toBeLessThan(100);
  });

  it.each<[string, Verdict, number | null]>([
    ['holds', PASS, 100],
    ['fails', fail(problem(ANY_KEY)), 0],
    ['is unknown', UNKNOWN, 0],
    ['is about others', { status: 'not-applicable', why: 'x' }, null],
  ])('where everything %s a section has that score', (_, verdict, expected) => {
    const all = Object.values(CHECKS)
      .flat()
      .map((check): Audited => ({ target: check.target, name: 'x', uri: 'x', results: [{ check, verdict }] }));
    for (const { id, score, items } of cisCoverage(all))
      if (items.some(({ look, outcome }) => look === '' && outcome !== 'not-covered'))
        expect([id, score]).toEqual([id, expected]);
  });

  it('every check that names an item names one that there is', () => {
    const items = new Set(cisCoverage([]).flatMap((section) => section.items.map(({ id }) => `${BENCHMARK}:${id}`)));
    const named = Object.values(CHECKS)
      .flat()
      .flatMap(({ id, frameworks }) =>
        frameworks.filter((name) => name.startsWith('CIS-Docker')).map((name) => [id, name]),
      );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(([, name]) => !items.has(name ?? ''))).toEqual([]);
  });
});
