// SPDX-License-Identifier: Apache-2.0
// Reports that other programs show: Markdown as GitHub renders it, JUnit as a parser of XML reads it.
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { findings } from '../../src/audit/report/findings.ts';
import { reportJunit } from '../../src/audit/report/junit.ts';
import { reportMarkdown } from '../../src/audit/report/markdown.ts';
import type { Audited, Report } from '../../src/audit/types.ts';
import { checkOf, fail, HOSTILE, PASS, problem, REPORT } from '../support/report.ts';

const has = (program: string) => process.env.SECURE_MUST_WORK === '1' || spawnSync(program, ['--version']).status === 0;
const nothing: Report = { ...REPORT, audited: [] };
const of = (...results: Audited['results']): Report => ({
  ...REPORT,
  audited: [{ target: 'dockerfile', name: 'Dockerfile', uri: 'Dockerfile', results }],
});
const advisory = of({ check: checkOf('own-user', 'low'), verdict: fail(problem('x')), advisory: true });

const EXTENSIONS = ['table', 'autolink', 'strikethrough', 'tagfilter'].flatMap((name) => ['-e', name]);
const html = (text: string) =>
  execFileSync('cmark-gfm', ['--unsafe', ...EXTENSIONS], { input: text, encoding: 'utf8' });

describe.skipIf(!has('cmark-gfm'))('Markdown', { timeout: 60_000 }, () => {
  const page = html(reportMarkdown(REPORT));

  it('is a table with a row for each problem, worst first', () => {
    const rows = [...page.matchAll(/<tr>\n([\s\S]*?)<\/tr>/g)].slice(1).map(([, row = '']) => row);
    expect(rows).toHaveLength(findings(REPORT).length);
    for (const row of rows) expect(row.match(/<td>/g)).toHaveLength(4);
    expect(rows[0]).toContain('critical');
    expect(page).toContain('<code>SEC-IMAGE-0001</code>');
    expect(page).toContain('Could not be decided');
  });

  it('shows what was found as it is, and makes nothing of it', () => {
    const tags = new Set([...page.matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag));
    expect([...tags].sort()).toEqual(
      ['code', 'details', 'h3', 'li', 'p', 'summary', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'].sort(),
    );
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it.each([
    'a | b',
    '`a`',
    '``',
    '@team please',
    'see #12 and https://evil.example/ www.evil.example',
    '![x](y)',
    '\\|',
    '<!-- ',
    '</details>',
    '| x |\n\n# head',
    '&lt;b&gt;',
    '*b* _i_ ~~s~~',
    `${'`'.repeat(9)}|`,
    '',
  ])('neither of %j', (text) => {
    const check = { ...checkOf('own', 'high'), title: text, remediation: text };
    const page = html(
      reportMarkdown({
        ...of({ check, verdict: fail(problem(text, { message: text, location: { logical: text } })) }),
      }),
    );
    const outside = page.replace(/<code>[\s\S]*?<\/code>/g, '');
    expect(outside).not.toMatch(/<(?:a|img|h1|em|strong|del|script|b)\b|<!--|@team/);
    expect(page.match(/<td>/g)).toHaveLength(4);
    expect(page.match(/<\/details>/g)).toHaveLength(1);
  });

  it('fits into a comment, and says what is left out', () => {
    const many = Array.from({ length: 5000 }, (_, i) => problem(`${i} ${'x'.repeat(900)}`));
    const text = reportMarkdown(of({ check: checkOf('big', 'low'), verdict: fail(...many) }));
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/^And 4\d\d\d more\.$/m);
  });

  it('says at once whether something counts', () => {
    expect(reportMarkdown(REPORT)).toMatch(/^### ❌/);
    expect(reportMarkdown(advisory)).toMatch(/^### ✅[\s\S]*low, does not count/);
    expect(reportMarkdown(nothing)).toContain('There was nothing to look at.');
  });
});

/** Suites and cases as Python's parser has them: [[suite, attributes, [[case, kind, message]]]]. */
const READ = `
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
print(json.dumps([[s.get('name'), dict(s.attrib), [[c.get('name'), *([[k.tag, k.get('message')] for k in c])] for c in s]] for s in root]))
`;
type Read = [string, Record<string, string>, [string, ...[string, string][]][]][];
const read = (report: Report) =>
  JSON.parse(execFileSync('python3', ['-c', READ], { input: reportJunit(report), encoding: 'utf8' })) as Read;

describe.skipIf(!has('python3'))('JUnit', { timeout: 60_000 }, () => {
  it('has a suite for each thing and a case for each check; only a pass has nothing in it', () => {
    const suites = read(REPORT);
    expect(suites.map(([, , cases]) => cases.length)).toEqual(REPORT.audited.map(({ results }) => results.length));
    const [host] = suites;
    expect(host?.[1]).toMatchObject({ tests: '4', failures: '1', skipped: '2' });
    expect(host?.[2].map(([, inner]) => inner?.[0])).toEqual([undefined, 'failure', 'skipped', 'skipped']);
    expect(host?.[2][2]?.[1]?.[1]).toContain('not decided: /proc is');
    expect(read(nothing)).toEqual([]);
  });

  it('keeps what was found in its attributes, but for what XML has no form for', () => {
    const [[, , cases] = []] = read(REPORT);
    const wanted = HOSTILE.replaceAll('\u0000', '').replaceAll('\u001b', '');
    expect(cases?.[1]?.[1]?.[1]).toContain(wanted);
  });

  it('fails for what counts only', () => {
    const [[, attributes, cases] = []] = read(advisory);
    expect(attributes).toMatchObject({ failures: '0', skipped: '1' });
    expect(cases?.[0]?.[1]).toEqual(['skipped', 'x: found x']);
    expect(read(of({ check: checkOf('a', 'low'), verdict: PASS }))[0]?.[1]).toMatchObject({
      tests: '1',
      failures: '0',
      skipped: '0',
    });
  });
});
