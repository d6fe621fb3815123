// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { place } from '../../src/audit/report/findings.ts';
import { reportHtml } from '../../src/audit/report/html.ts';
import { reportJson } from '../../src/audit/report/json.ts';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import { reportSummary, reportTable } from '../../src/audit/report/table.ts';
import type { Report } from '../../src/audit/types.ts';
import { checkOf, fail, HOSTILE, problem, REPORT } from '../support/report.ts';

const schema = JSON.parse(readFileSync(new URL('../../schemas/report.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema);
const plain = { colour: false, verbose: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
const nothing: Report = { ...REPORT, audited: [] };

describe('JSON', () => {
  const document = JSON.parse(reportJson(REPORT));

  it('follows its schema', () => {
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate(JSON.parse(reportJson(nothing)))).toBe(true);
  });

  it.each<[string, (copy: typeof document) => void]>([
    ['a failure without problems', (copy) => delete copy.audited[0].results[1].problems],
    ['a pass with problems', (copy) => Object.assign(copy.audited[0].results[0], { problems: [] })],
    ['no reason for what is unknown', (copy) => delete copy.audited[0].results[2].why],
    ['an absolute URI', (copy) => Object.assign(copy.audited[0], { uri: '/etc' })],
    ['an outcome that nobody knows', (copy) => Object.assign(copy.cis[0].items[0], { outcome: 'fine' })],
    ['a section of nothing', (copy) => Object.assign(copy.sections[0], { subjects: 0 })],
    ['a score of 101', (copy) => Object.assign(copy, { score: 101 })],
    ['another version', (copy) => Object.assign(copy, { schemaVersion: 2 })],
  ])('the schema refuses %s', (_, change) => {
    const copy = structuredClone(document);
    change(copy);
    expect(validate(copy)).toBe(false);
  });

  it('has the score of the worst, and the fingerprints that SARIF has', () => {
    expect([document.score, ...document.audited.map((each: { score: number }) => each.score)]).toEqual([
      0, 57, 0, 100, 0,
    ]);
    const problems = document.audited.flatMap((each: { results: { problems?: { fingerprint: string }[] }[] }) =>
      each.results.flatMap((result) => (result.problems ?? []).map(({ fingerprint }) => fingerprint)),
    );
    const sarif = reportSarif(REPORT);
    expect(problems.length).toBe(6);
    for (const fingerprint of problems) expect(sarif).toContain(fingerprint);
  });
});

describe('table', () => {
  it('says what, where and what to do, worst first, and counts the rest', () => {
    const text = reportTable(REPORT, plain);
    expect(text).toContain('/etc/docker/daemon.json:3:5: found a');
    expect(text).toContain('fix: Set `order: true` in /etc/thing\n           and restart it');
    expect(text).toContain(
      'image localhost:5000/a/nginx:1.2: score 0: 2 of 2 checks failed (1 critical, 1 low), 0 passed',
    );
    expect(text.indexOf('SEC-IMAGE-0001')).toBeLessThan(text.indexOf('SEC-IMAGE-0002'));
    expect(text).not.toContain('SEC-CONTAINER-0001');
    expect(text).toContain('? SEC-HOST-0003');
    expect(text.trimEnd().split('\n').at(-1)).toMatch(
      /^all: score 0: 4 of 6 checks .*; by section: host 57, image 0, container 100, dockerfile 0$/,
    );
  });

  it('has all of it with --verbose', () => {
    const text = reportTable(REPORT, { colour: false, verbose: true });
    expect(text).toContain('+ SEC-CONTAINER-0001');
    expect(text).toContain('- SEC-HOST-0004  The thing behind SEC-HOST-0004 is in order: there is no engine');
    expect(text).toContain('why: Who controls it');
  });

  it('shows ten problems of a check, with --verbose all', () => {
    const problems = Array.from({ length: 12 }, (_, i) => problem(`p${i}`));
    const results = [{ check: checkOf('SEC-HOST-0001', 'low'), verdict: fail(...problems) }];
    const many: Report = { ...REPORT, audited: [{ target: 'host', name: 'x', uri: 'host', results }] };
    expect(reportTable(many, plain)).toContain('p9: found p9\n      and 2 more\n');
    expect(reportTable(many, { colour: false, verbose: true })).toContain('p11: found p11');
  });

  it('what was found cannot steer a terminal, and colours only where they are asked for', () => {
    for (const verbose of [false, true]) expect(reportTable(REPORT, { colour: false, verbose })).not.toMatch(CONTROL);
    expect(reportSummary(REPORT, false)).not.toMatch(CONTROL);
    expect(reportTable(REPORT, { ...plain, colour: true })).toContain('\u001b[31mCRITICAL\u001b[0m');
    expect(reportTable(REPORT, { ...plain, colour: true })).not.toContain('\u001b[2J');
  });

  it.each([
    ['i:1 /bin/su', '/bin/su (4755) runs as user 0', ''],
    ['i:1 /srv', 'everybody may write the directory /srv (0777)', ''],
    ['i:1 /etc/passwd', 'the account eve has the id 0', '/etc/passwd'],
    ['i:1', 'the image names no user', ''],
    ['/etc/docker/daemon.json', 'icc is not set', '/etc/docker/daemon.json'],
  ])('says the place %s once, with %j', (logical, message, shown) => {
    const audited = { target: 'image', name: 'i:1', uri: 'image/i/1', results: [] } as const;
    expect(place(audited, { key: '', message, location: { logical } })).toBe(shown);
  });

  it('of nothing says so', () => {
    expect(reportTable(nothing, plain)).toBe('all: there was nothing to audit\n');
  });
});

describe('HTML', () => {
  const page = reportHtml(REPORT);
  const markup = page.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<script>[\s\S]*?<\/script>/, '');

  /** Elements and their attributes, as a browser would find them. */
  const tags = [...markup.matchAll(/<([a-z0-9]+)((?:\s+[a-z0-9-]+(?:="[^"<>]*")?)*)\s*\/?>/gi)];

  it('is made of known elements only: nothing that was found became one', () => {
    const names = new Set(tags.map(([, name]) => name?.toLowerCase()));
    for (const name of ['script', 'img', 'iframe', 'object', 'link', 'base', 'foreignobject', 'use'])
      expect(names).not.toContain(name);
    for (const [, , attributes] of tags) expect(attributes).not.toMatch(/\s(?:on\w+|src|style|action|srcdoc)=/i);
    // Every `<` starts one of these, ends one, or is the doctype.
    const rest = markup.replace(/<!doctype html>/, '');
    expect(rest.match(/</g)?.length).toBe(tags.length + (rest.match(/<\/[a-z0-9]+>/g)?.length ?? 0));
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.replaceAll('\n', '')).not.toMatch(CONTROL);
    expect(page).not.toContain(HOSTILE);
  });

  it('is whole: opened elements are closed', () => {
    const open: string[] = [];
    const empty = new Set(['meta', 'input', 'br']);
    for (const [tag, end, name = ''] of markup.matchAll(/<(\/?)([a-z0-9]+)[^<>]*>/gi)) {
      if (end === '/') expect(open.pop()).toBe(name);
      else if (!empty.has(name) && !tag.endsWith('/>')) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('loads nothing, and its policy allows its own style and script and nothing else', () => {
    const hash = (name: string): string => {
      const found = [...page.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))];
      expect(found.length).toBe(1);
      expect(found[0]?.[1]).not.toMatch(/url\(|@import|<\/|innerHTML|eval|fetch|Function/);
      return createHash('sha256')
        .update(found[0]?.[1] ?? '')
        .digest('base64');
    };
    expect(page).toContain(
      `content="default-src 'none'; style-src 'sha256-${hash('style')}'; script-src 'sha256-${hash('script')}'; base-uri 'none'; form-action 'none'; `,
    );
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
    for (const [, url] of page.matchAll(/href="([^"]*)"/g))
      expect(url).toMatch(/^#(t\d+|sections|findings|cis)$|^https:\/\/(example\.org|secure\.dev\/docs)\//);
  });

  it('folds and cuts what is found in many places, and says what is waived', () => {
    const waiver = { owner: 'eve', reason: '<b>because</b>', expires: '2027-01-31' };
    const problems = Array.from({ length: 120 }, (_, i) => problem(`p${i}`, i === 119 ? {} : { waiver }));
    const of = (...list: typeof problems) =>
      reportHtml({
        ...REPORT,
        audited: [
          {
            target: 'host',
            name: 'x',
            uri: 'host',
            results: [{ check: checkOf('SEC-HOST-0001', 'low'), verdict: fail(...list) }],
          },
        ],
      });
    const text = of(...problems);
    expect(text).toContain('114 more problems');
    expect(text).toContain('and 20 more, which JSON');
    expect(text).toContain('waived until 2027-01-31 by eve: &lt;b&gt;because&lt;/b&gt;');
    expect(text).toContain('data-status="fail"');
    const waived = of(...problems.slice(0, 119));
    expect(waived).toContain('data-status="waived"');
    expect(waived).toContain('score 100 of 100');
  });

  it('has a trend when there is a history', () => {
    expect(page).not.toContain('<polyline');
    const history = [40, null, 70, 65].map((score, i) => ({ generated: `2026-01-0${i + 1}T00:00:00Z`, score }));
    expect(reportHtml({ ...REPORT, history })).toContain('score from 40 on 2026-01-01 to 65 on 2026-01-04, 3 audits');
    expect(reportHtml({ ...REPORT, history })).toContain('<strong>up 25</strong>');
  });

  it('a reference that is no https address is no link', () => {
    const check = { ...checkOf('SEC-HOST-0001', 'low'), references: ['javascript:alert(1)'] };
    const results = [{ check, verdict: fail(problem('a')) }];
    expect(reportHtml({ ...REPORT, audited: [{ target: 'host', name: 'x', uri: 'host', results }] })).not.toContain(
      'href="javascript:',
    );
  });
});
