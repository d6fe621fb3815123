// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { diffReports } from '../../src/audit/diff.ts';
import { diffMarkdown, diffTable } from '../../src/audit/report/diff.ts';
import { reportJson } from '../../src/audit/report/json.ts';
import { openFingerprints, parseReport } from '../../src/audit/stored.ts';
import { changeText, sparkline } from '../../src/audit/trend.ts';
import type { Audited, Verdict } from '../../src/audit/types.ts';
import { checkOf, fail, HOSTILE, NOT_APPLICABLE, PASS, problem, REPORT, UNKNOWN } from '../support/report.ts';

const waiver = { owner: 'ops', reason: 'until the move', expires: '2027-01-31' };
const subject = (name: string, ...verdicts: readonly Verdict[]): Audited => ({
  target: 'container',
  name,
  uri: `container/${name}`,
  results: verdicts.map((verdict, i) => ({
    check: checkOf(`SEC-CONTAINER-000${i + 1}`, i === 0 ? 'low' : 'critical', 'container'),
    verdict,
  })),
});
const stored = (...audited: readonly Audited[]) => parseReport(reportJson({ ...REPORT, audited }), 'a report');
const a = fail(problem('a'));

describe('a report that is read again', () => {
  it('is the report', () => {
    const again = parseReport(reportJson(REPORT), 'x');
    expect(JSON.parse(reportJson({ ...REPORT, audited: again.audited })).score).toBe(
      JSON.parse(reportJson(REPORT)).score,
    );
    expect(JSON.parse(reportJson({ ...REPORT, audited: again.audited })).counts).toEqual(
      JSON.parse(reportJson(REPORT)).counts,
    );
  });

  it('has what could not be looked at beside what failed', () => {
    const report = stored(subject('web', { ...a, unseen: ['/etc/x'] } as Verdict));
    expect(report.audited[0]?.results[0]?.verdict).toMatchObject({ status: 'fail', unseen: ['/etc/x'] });
  });

  it('has what is told only, and what is waived, as that', () => {
    const [told] = subject('web', a).results;
    if (told === undefined) expect.fail();
    const report = stored(
      { ...subject('web'), results: [{ ...told, advisory: true }] },
      subject('db', fail(problem('w', { waiver }))),
    );
    expect(report.audited[0]?.results[0]?.advisory).toBe(true);
    expect(openFingerprints(report).size).toBe(1);
  });

  it.each<[string, (copy: ReturnType<typeof JSON.parse>) => unknown]>([
    ['another version', (copy) => Object.assign(copy, { schemaVersion: 2 })],
    ['no checks', (copy) => delete copy.checks],
    ['a target that there is not', (copy) => Object.assign(copy.audited[0], { target: 'moon' })],
    ['a status that there is not', (copy) => Object.assign(copy.audited[0].results[0], { status: 'fine' })],
    ['a failure of nothing', (copy) => Object.assign(copy.audited[0].results[1], { problems: [] })],
    ['a problem without a key', (copy) => delete copy.audited[0].results[1].problems[0].key],
    ['a severity that there is not', (copy) => Object.assign(copy.audited[0].results[0], { severity: 'none' })],
    ['a waiver that is a text', (copy) => Object.assign(copy.audited[0].results[1].problems[0], { waiver: 'x' })],
    ['results that are no list', (copy) => Object.assign(copy.audited[0], { results: {} })],
    ['an audited null', (copy) => Object.assign(copy, { audited: [null] })],
  ])('with %s is none', (_, change) => {
    const copy = JSON.parse(reportJson(REPORT));
    change(copy);
    expect(() => parseReport(JSON.stringify(copy), 'x.json')).toThrow(
      expect.objectContaining({ code: 'REPORT_INVALID', message: expect.stringContaining('x.json') }),
    );
  });

  it.each(['', '[]', 'null', '{', '"x"', '{"schemaVersion":1}'])('%j is none', (text) => {
    expect(() => parseReport(text, 'x')).toThrow(expect.objectContaining({ code: 'REPORT_INVALID' }));
  });
});

describe('a comparison', () => {
  it.each<[string, Audited[], Audited[], string]>([
    ['the same', [subject('web', a)], [subject('web', a)], 'remaining'],
    ['a new one', [subject('web', PASS)], [subject('web', a)], 'added'],
    ['of a new target', [], [subject('web', a)], 'added'],
    ['one that is gone', [subject('web', a)], [subject('web', PASS)], 'fixed'],
    ['one that no longer applies', [subject('web', a)], [subject('web', NOT_APPLICABLE)], 'fixed'],
    ['one that cannot be told any more', [subject('web', a)], [subject('web', UNKNOWN)], 'unseen'],
    ['one of a target that was left out', [subject('web', a)], [subject('db', PASS)], 'unseen'],
    ['one whose check was left out', [subject('web', a)], [subject('web')], 'unseen'],
    ['one that is waived', [subject('web', a)], [subject('web', fail(problem('a', { waiver })))], 'waived'],
    ['one whose waiver ended', [subject('web', fail(problem('a', { waiver })))], [subject('web', a)], 'added'],
  ])('%s', (_, before, after, part) => {
    const diff = diffReports(stored(...before), stored(...after));
    const sizes = { added: 0, remaining: 0, fixed: 0, waived: 0, unseen: 0, [part]: 1 };
    for (const [name, size] of Object.entries(sizes))
      expect([name, (diff[name as keyof typeof diff] as unknown[]).length]).toEqual([name, size]);
  });

  it('another problem of the same check is new, and the old one fixed; worst first', () => {
    const diff = diffReports(
      stored(subject('web', a, a)),
      stored(subject('web', fail(problem('b')), fail(problem('b')))),
    );
    expect([diff.added.length, diff.fixed.length]).toEqual([2, 2]);
    expect(diff.added.map(({ severity }) => severity)).toEqual(['critical', 'low']);
    expect([diff.old.score, diff.new.score]).toEqual([0, 0]);
  });

  it('says how scores changed', () => {
    const diff = diffReports(stored(subject('web', a, a)), stored(subject('web', a, PASS)));
    expect(diff.sections).toEqual([{ target: 'container', old: 0, new: 90 }]);
    expect(diffTable(diff, false)).toMatch(/^score 0 -> 90 \(up 90\): 0 new, 1 fixed, 1 remaining\n/);
    expect(changeText(null, 3)).toBe('no score -> 3');
    expect(changeText(9, 3)).toBe('9 -> 3 (down 6)');
    expect(sparkline([0, 50, null, 100])).toBe('▁▅ █');
  });

  it('what was found steers nothing', () => {
    const hostile = subject(HOSTILE, fail(problem(HOSTILE, { message: HOSTILE })));
    const diff = diffReports(stored(), stored(hostile));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
    expect(diffTable(diff, false).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/);
    const cells =
      diffMarkdown(diff)
        .split('\n')
        .find((line) => line.startsWith('| low')) ?? '';
    expect(cells.split(/(?<!\\)\|/).length).toBe(6);
    expect(diffMarkdown(diff)).not.toMatch(/^<script/m);
  });
});
