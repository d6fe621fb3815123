// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyBaseline } from '../../src/audit/baseline.ts';
import { findingsOf } from '../../src/audit/report/findings.ts';
import { reportJunit } from '../../src/audit/report/junit.ts';
import { reportMarkdown } from '../../src/audit/report/markdown.ts';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import { count, reportScore, violates } from '../../src/audit/score.ts';
import type { Audited, Report } from '../../src/audit/types.ts';
import { applyWaivers, parseWaivers } from '../../src/audit/waivers.ts';
import { SecureError } from '../../src/errors.ts';
import { checkOf, fail, PASS, problem, REPORT } from '../support/report.ts';
import { cannotValidate, validated } from '../support/sarif.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');
const GOOD = { check: 'SEC-CONTAINER-0001', owner: 'ops@example.org', reason: 'until the move', expires: '2026-07-31' };
const file = (...waivers: readonly object[]): string => JSON.stringify({ waivers });
const parse = (text: string) => parseWaivers(text, 'waivers.yaml', NOW);

const container = (name: string, ...keys: readonly string[]): Audited => ({
  target: 'container',
  name,
  uri: `container/${name}`,
  results: [
    {
      check: checkOf('SEC-CONTAINER-0001', 'critical', 'container'),
      verdict: fail(...keys.map((key) => problem(key))),
    },
    { check: checkOf('SEC-CONTAINER-0002', 'low', 'container'), verdict: PASS },
  ],
});
const reportOf = (audited: readonly Audited[]): Report => ({ ...REPORT, audited });
const HIGH = { failOn: 'high', minScore: 100 } as const;

const caught = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

/** Keys of what is waived. */
async function waivedBy(audited: readonly Audited[], ...waivers: readonly object[]) {
  const { audited: settled, notes } = applyWaivers(audited, parse(file(...waivers)), NOW);
  const keys = settled
    .flatMap(findingsOf)
    .flatMap(({ audited: { name }, problem: { key, waiver } }) => (waiver === undefined ? [] : [`${name} ${key}`]));
  return { keys, notes, settled };
}

describe('a file of waivers', () => {
  it.each<[string, string, number | undefined]>([
    ['nothing', '', undefined],
    ['no YAML', 'waivers: [', undefined],
    ['a list', '- check: x', 1],
    ['no owner', file({ ...GOOD, owner: undefined }), 1],
    ['no reason', file({ ...GOOD, reason: undefined }), 1],
    ['no day', file({ ...GOOD, expires: undefined }), 1],
    ['a reason that is none', file({ ...GOOD, reason: 'because' }), 1],
    ['a day that there is not', file({ ...GOOD, expires: '2026-02-30' }), 1],
    ['a day too far', file({ ...GOOD, expires: '2026-12-31' }), 1],
    ['a key that is misspelt', file({ ...GOOD, expire: '2026-07-31' }), 1],
    ['a check that there is not', file({ ...GOOD, check: 'SEC-CONTAINER-9999' }), 1],
    ['no check', file({ ...GOOD, check: [] }), 1],
    ['a target that there is not', file({ ...GOOD, target: 'machine' }), 1],
    ['aliases by the million', `a: &a [x, x]\n${'b: &b [*a, *a]\n'.repeat(1)}waivers: []`, 1],
  ])('with %s is one error', async (_, text) => {
    const error = caught(() => parse(text));
    expect(error).toBeInstanceOf(SecureError);
    expect(error).toMatchObject({ code: 'WAIVERS_INVALID', position: { file: 'waivers.yaml' } });
    expect((error as SecureError).hint).toBeTruthy();
  });

  it('says the line', async () => {
    const text = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
    const example = /```yaml\n(waivers:[\s\S]*?)```/.exec(text)?.[1] ?? expect.fail('the guide shows no file');
    const at = Date.parse('2026-12-01T00:00:00Z');
    expect(parseWaivers(example, 'f', at).length).toBe(2);
    const [first, second] = parseWaivers(example, 'f', at);
    expect([first?.line, (second?.line ?? 0) > 2]).toEqual([2, true]);
    const broken = example.replace(/ +owner: .*\n/, '');
    expect(caught(() => parseWaivers(broken, 'f', at))).toMatchObject({ position: { line: 2 } });
  });

  it('may say how far ahead', async () => {
    const text = (days: number) =>
      JSON.stringify({ exceptionDays: days, waivers: [{ ...GOOD, expires: '2026-12-31' }] });
    expect(caught(() => parse(text(10)))).toMatchObject({ code: 'WAIVERS_INVALID' });
    expect(parse(text(200)).length).toBe(1);
  });
});

describe('waivers', () => {
  const two = [container('web', 'a', 'b'), container('db', 'a')];

  it.each<[string, object, string[]]>([
    ['a check', {}, ['db a', 'web a', 'web b']],
    ['a name', { match: 'web' }, ['web a', 'web b']],
    ['a pattern', { match: ['d*'] }, ['db a']],
    ['a key', { key: 'a' }, ['db a', 'web a']],
    ['another target', { target: 'image' }, []],
    ['another check', { check: 'SEC-CONTAINER-0002' }, []],
    ['a name and a key', { match: 'web', key: ['b', 'c'] }, ['web b']],
  ])('by %s', async (_, more, expected) => {
    expect((await waivedBy(two, { ...GOOD, ...more })).keys.toSorted()).toEqual(expected);
  });

  it('count neither for the exit code nor for the score; what is left does', async () => {
    const { settled } = await waivedBy([container('web', 'a', 'b')], { ...GOOD, key: 'a' });
    expect([reportScore(settled), violates(reportOf(settled), HIGH)]).toEqual([9, true]);
    expect(count(settled[0]?.results ?? [])).toMatchObject({ fail: 1, waived: 0, problems: 1 });
    const all = (await waivedBy([container('web', 'a', 'b')], GOOD)).settled;
    expect([reportScore(all), violates(reportOf(all), HIGH)]).toEqual([100, false]);
    expect(count(all[0]?.results ?? [])).toMatchObject({ fail: 0, waived: 1, problems: 0 });
  });

  it('hold to the end of their day', async () => {
    const last = { ...GOOD, expires: '2026-06-15' };
    expect((await waivedBy(two, last)).keys.length).toBe(3);
    const before = { ...GOOD, expires: '2026-06-14' };
    const { keys, notes, settled } = await waivedBy(two, before);
    expect([keys, notes]).toEqual([
      [],
      ['waivers.yaml:1: the waiver of SEC-CONTAINER-0001 for ops@example.org expired on 2026-06-14'],
    ]);
    expect(findingsOf(settled[0] ?? expect.fail())[0]?.problem.message).toContain('expired on 2026-06-14');
    expect(violates(reportOf(settled), HIGH)).toBe(true);
  });

  it('an expired one does not stand before one that holds', async () => {
    expect((await waivedBy(two, { ...GOOD, expires: '2026-06-14' }, GOOD)).keys.length).toBe(3);
  });

  it('say when they end soon, and when nothing needed them, of what was asked', async () => {
    const soon = await waivedBy(two, { ...GOOD, expires: '2026-06-20' });
    expect(soon.notes).toEqual([expect.stringContaining('expires on 2026-06-20')]);
    expect((await waivedBy(two, GOOD)).notes).toEqual([]);
    expect((await waivedBy(two, { ...GOOD, key: 'z' })).notes).toEqual([expect.stringContaining('was not needed')]);
    expect((await waivedBy(two, { ...GOOD, check: 'SEC-CONTAINER-0002' })).notes.length).toBe(1);
    // About images nothing was asked here.
    expect((await waivedBy(two, { ...GOOD, check: 'SEC-IMAGE-0001' })).notes).toEqual([]);
  });

  it('are in every format, and stay valid SARIF', { timeout: 60_000 }, async () => {
    const { settled, notes } = await waivedBy([container('web', 'a', 'b')], { ...GOOD, key: 'a' });
    const report = { ...reportOf(settled), notes: [...notes, 'a note {0}[x](y)'] };
    const sarif = reportSarif(report);
    expect(
      JSON.parse(sarif).runs[0].results.map((each: { suppressions?: unknown[] }) => each.suppressions?.length),
    ).toEqual([1, undefined]);
    if (!cannotValidate()) expect(validated(sarif)).toEqual([]);
    expect(reportMarkdown(report)).toContain('waived until 2026-07-31');
    expect(reportMarkdown(report)).toContain('❌');
    expect(reportMarkdown({ ...report, audited: (await waivedBy([container('web', 'a')], GOOD)).settled })).toContain(
      '✅',
    );
    expect(reportJunit(report)).toContain('failures="1"');
    expect(reportJunit(report)).not.toContain('found a');
  });
});

describe('a baseline', () => {
  const fingerprints = (audited: readonly Audited[]) =>
    new Set(audited.flatMap(findingsOf).map(({ fingerprint }) => fingerprint));

  it('what it had is no reason to fail, what is new is; the score is that of all', () => {
    const known = fingerprints([container('web', 'a')]);
    const same = applyBaseline([container('web', 'a')], known);
    expect([violates(reportOf(same), { ...HIGH, minScore: 0 }), violates(reportOf(same), HIGH)]).toEqual([false, true]);
    expect(reportScore(same)).toBe(9);
    for (const changed of [container('web', 'a', 'b'), container('db', 'a')])
      expect(violates(reportOf(applyBaseline([changed], known)), { ...HIGH, minScore: 0 })).toBe(true);
  });

  it('two of the same are two', () => {
    const known = fingerprints([container('web', 'a')]);
    expect(violates(reportOf(applyBaseline([container('web', 'a', 'a')], known)), { ...HIGH, minScore: 0 })).toBe(true);
  });
});
