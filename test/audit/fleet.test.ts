// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { cisCoverage } from '../../src/audit/cis.ts';
import { Fleet } from '../../src/audit/fleet/fleet.ts';
import { scopeOf } from '../../src/audit/history.ts';
import { reportHtml } from '../../src/audit/report/html.ts';
import { reportJson } from '../../src/audit/report/json.ts';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import { reportTable } from '../../src/audit/report/table.ts';
import { results } from '../../src/audit/run.ts';
import { reportScore, violates } from '../../src/audit/score.ts';
import { parseReport } from '../../src/audit/stored.ts';
import type { Audited, Report, Verdict } from '../../src/audit/types.ts';
import { exampleReader } from '../support/audit.ts';
import { checkOf, fail, HOSTILE, NOT_APPLICABLE, PASS, problem, REPORT, UNKNOWN } from '../support/report.ts';
import { cannotValidate, validated } from '../support/sarif.ts';

const waiver = (expires: string) => ({ owner: 'ops', reason: 'until the move', expires });
const host = (name: string, ...verdicts: readonly Verdict[]): Audited => ({
  ...{ target: 'host', name, uri: 'host' },
  results: verdicts.map((verdict, i) => ({ check: checkOf(`rule-${i}`, 'high'), verdict })),
});
const stored = (...audited: readonly Audited[]) => parseReport(reportJson({ ...REPORT, audited }), 'x');
const merged = (...hosts: readonly Audited[]): Report => {
  const fleet = new Fleet();
  for (const each of hosts) fleet.add(stored(each), `${each.name}.json`);
  return fleet.report('0.1.0', new Date(0));
};
const verdictOf = (...verdicts: readonly Verdict[]) => {
  const [section] = merged(...verdicts.map((verdict, i) => host(`web${i}`, verdict))).audited;
  return section?.results[0]?.verdict;
};
const FAIL = fail(problem('a'));

describe('a fleet', () => {
  it.each<[string, Verdict[], object]>([
    ['all pass', [PASS, NOT_APPLICABLE], { status: 'pass' }],
    ['nowhere', [NOT_APPLICABLE, NOT_APPLICABLE], { status: 'not-applicable', why: 'there is no engine' }],
    [
      'one fails',
      [PASS, FAIL, UNKNOWN],
      { status: 'fail', problems: [{ message: 'found a (in 1 of 3 reports: web1)' }] },
    ],
    ['two fail', [FAIL, PASS, FAIL], { problems: [{ message: 'found a (in 2 of 3 reports: web0, web2)' }] }],
    [
      'one is unknown',
      [PASS, UNKNOWN],
      { status: 'unknown', why: expect.stringContaining('for 1 in 2 reports, such as web1') },
    ],
    [
      'one is waived',
      [PASS, fail(problem('a', { waiver: waiver('2027-01-01') }))],
      { problems: [{ waiver: waiver('2027-01-01') }] },
    ],
    [
      'two are waived, and the next day counts',
      [fail(problem('a', { waiver: waiver('2027-02-01') })), fail(problem('a', { waiver: waiver('2027-01-01') }))],
      { problems: [{ waiver: waiver('2027-01-01') }] },
    ],
    [
      'one is waived and one fails',
      [fail(problem('a', { waiver: waiver('2027-01-01') })), FAIL],
      { problems: [{ message: 'found a (in 1 of 2 reports: web1)' }] },
    ],
    [
      'half of it is waived',
      [fail(problem('a', { waiver: waiver('2027-01-01') }), problem('b'))],
      { problems: [{ key: 'b' }, { key: 'a', waiver: waiver('2027-01-01') }] },
    ],
  ])('of which %s', (_, verdicts, expected) => expect(verdictOf(...verdicts)).toMatchObject(expected));

  it('names the first of many', () => {
    const verdict = verdictOf(...Array.from({ length: 50 }, () => FAIL));
    expect(verdict?.status === 'fail' && verdict.problems[0]?.message).toMatch(
      /^found a \(in 50 of 50 reports: web0, .* web19 and 30 more\)$/,
    );
  });

  it('one more host never raises its score, a hardened one never lowers it', () => {
    const before = merged(host('a', PASS, FAIL, PASS), host('b', PASS, PASS, NOT_APPLICABLE));
    expect(reportScore(before.audited)).toBe(66);
    expect(reportScore(merged(host('a', PASS, FAIL, PASS), host('b', PASS, PASS, PASS)).audited)).toBe(66);
    expect(reportScore(merged(host('a', PASS, FAIL, PASS), host('b', FAIL, PASS, PASS)).audited)).toBe(33);
  });

  it('says of recommendations of CIS what its reports say', { timeout: 60_000 }, async () => {
    const read = await exampleReader('host');
    const outcomes = (audited: readonly Audited[]) =>
      cisCoverage(audited).flatMap(({ items }) => items.map(({ id, outcome }) => `${id} ${outcome}`));
    let differences = 0;
    for (const check of CHECKS.host)
      for (const { bad } of check.examples) {
        const one: Audited = { ...host('web'), results: results(CHECKS.host, read(bad)) };
        expect(outcomes(merged(one).audited)).toEqual(outcomes([one]));
        const good: Audited = { ...host('web'), results: results(CHECKS.host, read({})) };
        expect(outcomes(merged(good, one).audited)).toEqual(outcomes([good, one]));
        if (outcomes([one]).join() !== outcomes([good]).join()) differences += 1;
      }
    expect(differences).toBeGreaterThan(20);
  });

  it('of more problems than it tells apart keeps that there are others, and passes nothing for them', () => {
    const [files] = CHECKS.host.filter(({ id }) => id === 'SEC-HOST-0025');
    if (files === undefined) expect.fail();
    const many = Array.from({ length: 300 }, (_, i) => problem(`/x/${i}`));
    const report = merged({ ...host('web'), results: [{ check: files, verdict: fail(...many) }] });
    const { verdict } = report.audited[0]?.results[0] ?? expect.fail();
    expect(verdict.status === 'fail' && verdict.problems.length).toBe(201);
    const items = cisCoverage(report.audited)
      .flatMap((section) => section.items)
      .filter(({ checks }) => checks.length > 0);
    expect(new Set(items.map(({ outcome }) => outcome))).toEqual(new Set(['fail']));
  });

  it('where one host fails and another cannot be told, what the first has in order is not in order', () => {
    const [files] = CHECKS.host.filter(({ id }) => id === 'SEC-HOST-0025');
    if (files === undefined) expect.fail();
    const of = (verdict: Verdict, name: string): Audited => ({ ...host(name), results: [{ check: files, verdict }] });
    const report = merged(of(fail(problem('/etc/docker/daemon.json')), 'a'), of(UNKNOWN, 'b'));
    const found = cisCoverage(report.audited)
      .flatMap((section) => section.items)
      .map(({ outcome }) => outcome);
    expect(found).not.toContain('pass');
  });

  it('has its members, worst first, one without a score before all', () => {
    const report = merged(host('good', PASS), host('bad', FAIL), host('none', NOT_APPLICABLE));
    expect(report.fleet?.members.map(({ name, score }) => [name, score])).toEqual([
      ['none', null],
      ['bad', 0],
      ['good', 100],
    ]);
    expect(scopeOf(report)).toBe('fleet');
  });

  it('says what was not read, what is there twice, and which versions', () => {
    const fleet = new Fleet();
    fleet.add(stored(host('web', PASS)), 'a.json');
    fleet.add({ ...stored(host('web', PASS)), product: '0.2.0' }, 'b.json');
    fleet.unreadable('c.json', 'no JSON');
    const { notes = [], fleet: own } = fleet.report('0.1.0');
    expect(notes).toEqual([
      expect.stringContaining('0.1.0, 0.2.0'),
      'several reports are of one host: web',
      '1 of 3 reports could not be read',
    ]);
    expect(own?.unreadable).toEqual([{ file: 'c.json', message: 'no JSON' }]);
  });

  it('does not believe what a report says of a check of ours', () => {
    const [ours] = CHECKS.host.filter(({ severity }) => severity === 'critical');
    if (ours === undefined) expect.fail();
    const lie = { ...checkOf(ours.id, 'low'), title: 'harmless', remediation: 'do nothing' };
    const liar: Audited = { ...host('liar'), results: [{ check: lie, verdict: FAIL }] };
    const report = merged(liar);
    expect(report.audited[0]?.results[0]?.check).toBe(ours);
    expect(violates(report, { failOn: 'critical', minScore: 0 })).toBe(true);
    // Of a rule that is not ours the worse severity counts.
    const rule = (name: string, severity: 'low' | 'critical'): Audited => ({
      ...host(name),
      results: [{ check: checkOf('my-rule', severity), verdict: severity === 'low' ? FAIL : PASS }],
    });
    expect(merged(rule('a', 'low'), rule('b', 'critical')).audited[0]?.results[0]?.check.severity).toBe('critical');
  });

  it('has an end to what reports can make it keep', { timeout: 60_000 }, () => {
    const fleet = new Fleet();
    const flood = (n: number): Audited => ({
      ...host('x'),
      results: Array.from({ length: 11_000 }, (_, i) => ({ check: checkOf(`r-${n}-${i}`, 'low'), verdict: PASS })),
    });
    fleet.add(stored(flood(0)), 'a.json');
    expect(() => fleet.add(stored(flood(1)), 'b.json')).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('b.json') }),
    );
  });

  it('is a report in every format', { timeout: 60_000 }, () => {
    const fleet = new Fleet();
    fleet.add(stored(host(HOSTILE, FAIL, UNKNOWN)), HOSTILE);
    fleet.add(stored(...REPORT.audited), 'b.json');
    fleet.unreadable(HOSTILE, HOSTILE);
    const report = fleet.report('0.1.0');
    const schema = JSON.parse(readFileSync(new URL('../../schemas/report.schema.json', import.meta.url), 'utf8'));
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema);
    validate(JSON.parse(reportJson(report)));
    expect(validate.errors ?? []).toEqual([]);
    expect(reportHtml(report)).toContain('id="fleet"');
    expect(reportHtml(report)).not.toContain(HOSTILE);
    const shown = reportTable(report, { colour: false, verbose: true });
    expect(shown.replace(/[^\n\P{C}]/gu, '')).toBe(shown);
    if (!cannotValidate()) expect(validated(reportSarif(report))).toEqual([]);
    // And can be read again, as a baseline or for a comparison.
    expect(parseReport(reportJson(report), 'x').audited.length).toBe(report.audited.length);
  });
});
