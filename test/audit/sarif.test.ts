// SPDX-License-Identifier: Apache-2.0
import type { Log, Result } from 'sarif';
import { describe, expect, it } from 'vitest';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import type { Report } from '../../src/audit/types.ts';
import { containerUri, dockerfileUri, imageUri, locationUri } from '../../src/audit/uri.ts';
import { checkOf, fail, PASS, problem, REPORT } from '../support/report.ts';
import { schemaErrors } from '../support/sarif.ts';

const logOf = (report: Report): Log => JSON.parse(reportSarif(report)) as Log;
const runOf = (report: Report) => logOf(report).runs[0] ?? expect.fail('no run');
const resultsOf = (report: Report): Result[] => runOf(report).results ?? [];

const empty: Report = { ...REPORT, audited: [] };

describe('SARIF', () => {
  it.each([
    ['hostile', REPORT],
    ['empty', empty],
  ])('of a report that is %s follows the schema', (_, report) => {
    expect(schemaErrors(logOf(report))).toEqual([]);
  });

  it('every result has a relative location with a whole region, and its rule', () => {
    const run = runOf(REPORT);
    for (const result of run.results ?? []) {
      const { artifactLocation, region } = result.locations?.[0]?.physicalLocation ?? {};
      expect(artifactLocation?.uri).toMatch(/^[A-Za-z0-9]+(\/[A-Za-z0-9._~!'()*%-]+)*$|^my%20app\/Dockerfile$/);
      expect(artifactLocation?.uri).not.toContain('..');
      for (const key of ['startLine', 'startColumn', 'endLine', 'endColumn'] as const)
        expect(region?.[key]).toBeGreaterThan(0);
      expect(run.tool.driver.rules?.[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
      expect(result.locations?.[0]?.logicalLocations?.[0]?.fullyQualifiedName).toBeTruthy();
    }
  });

  it('what was found makes neither links nor placeholders', () => {
    for (const { message } of resultsOf(REPORT)) {
      expect(message.text).not.toMatch(/(?<!\\)\]\(/);
      expect((message.text ?? '').replaceAll(/\{\{|\}\}/g, '')).not.toMatch(/[{}]/);
    }
    expect(resultsOf(REPORT).map(({ message }) => message.text)).toContain('the base is {{BASE}}');
  });

  it('levels and severities are those that code scanning reads', () => {
    const rules = runOf(REPORT).tool.driver.rules ?? [];
    const of = (id: string) => rules.find((rule) => rule.id === id);
    expect(of('SEC-IMAGE-0001')).toMatchObject({
      defaultConfiguration: { level: 'error' },
      properties: { 'security-severity': '9.5', precision: 'high', tags: ['security', 'image', 'CIS-Docker-1.6:1.1'] },
    });
    expect(of('SEC-HOST-0002')?.properties?.['security-severity']).toBe('8.0');
    expect(of('SEC-HOST-0003')?.defaultConfiguration?.level).toBe('warning');
    expect(of('SEC-HOST-0001')?.defaultConfiguration?.level).toBe('note');
    expect(resultsOf(REPORT)[0]).toMatchObject({ ruleId: 'SEC-IMAGE-0001', level: 'error' });
  });

  it('what could not be decided is a notification, not a result', () => {
    const [note] = runOf(REPORT).invocations?.[0]?.toolExecutionNotifications ?? [];
    expect(note).toMatchObject({ level: 'note', associatedRule: { id: 'SEC-HOST-0003' } });
    expect(resultsOf(REPORT).map(({ ruleId }) => ruleId)).not.toContain('SEC-HOST-0003');
  });

  it('has a category per target', () => {
    const [host, image] = REPORT.audited.map((each) => runOf({ ...REPORT, audited: [each] }).automationDetails?.id);
    expect([host, image]).toEqual(['secure/host/', 'secure/image/localhost%3A5000/a/nginx/1.2/']);
    expect(runOf(REPORT).automationDetails?.id).toBe('secure/host+image+container+dockerfile/');
  });

  it('keeps within the limits, worst first', { timeout: 30_000 }, () => {
    const check = { ...checkOf('SEC-HOST-0001', 'low'), frameworks: Array.from({ length: 40 }, (_, i) => `A:${i}`) };
    const worst = checkOf('SEC-HOST-0002', 'critical');
    const many = Array.from({ length: 25_001 }, (_, i) =>
      problem(`p${i}`, i === 0 ? { message: 'm'.repeat(5_000) } : {}),
    );
    const results = [
      { check, verdict: fail(...many) },
      { check: worst, verdict: fail(problem('worst')) },
    ];
    const run = runOf({ ...REPORT, audited: [{ target: 'host', name: 'x', uri: 'host', results }] });
    expect(run.results?.length).toBe(25_000);
    expect(run.results?.[0]?.ruleId).toBe('SEC-HOST-0002');
    expect(run.invocations?.[0]?.toolExecutionNotifications?.[0]?.message.text).toContain('25002');
    expect(run.tool.driver.rules?.[0]?.properties?.tags?.length).toBe(20);
    const longest = run.results?.[1]?.message.text?.length;
    expect([longest && longest > 2_000, longest && longest < 2_200]).toEqual([true, true]);
  });
});

describe('fingerprints', () => {
  const fingerprint = (report: Report): (string | undefined)[] =>
    resultsOf(report).map(({ partialFingerprints }) => partialFingerprints?.primaryLocationLineHash);
  const one = (key: string, line: number, uri = 'host'): Report => ({
    ...REPORT,
    audited: [
      {
        target: 'host',
        name: 'x',
        uri,
        results: [
          {
            check: checkOf('SEC-HOST-0001', 'low'),
            verdict: fail(
              problem(key, {
                message: `on line ${line}`,
                location: {
                  logical: 'f',
                  path: 'f',
                  region: { startLine: line, startColumn: 1, endLine: line, endColumn: 2 },
                },
              }),
            ),
          },
          { check: checkOf('SEC-HOST-0002', 'low'), verdict: PASS },
        ],
      },
    ],
  });

  it('are hash and number, and no two are the same', () => {
    const all = fingerprint(REPORT);
    for (const each of all) expect(each).toMatch(/^[0-9a-f]{16}:\d+$/);
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((each) => each?.endsWith(':2')).length).toBe(1);
  });

  it('outlive lines that move, and tell keys and targets apart', () => {
    expect(fingerprint(one('a', 3))).toEqual(fingerprint(one('a', 300)));
    expect(fingerprint(one('a', 3))).not.toEqual(fingerprint(one('b', 3)));
    expect(fingerprint(one('a', 3))).not.toEqual(fingerprint(one('a', 3, 'container/x')));
  });
});

describe('URIs', () => {
  it.each([
    ['localhost/nginx:latest', 'image/localhost/nginx/latest'],
    ['localhost:5000/nginx:1', 'image/localhost%3A5000/nginx/1'],
    ['docker.io/library/debian@sha256:ab', 'image/docker.io/library/debian/sha256%3Aab'],
    ['a/b:1@sha256:cd', 'image/a/b/1/sha256%3Acd'],
  ])('of image %s is %s', (reference, uri) => expect(imageUri(reference)).toBe(uri));

  it.each([
    ['Dockerfile', 'Dockerfile'],
    ['./a/../b/Dockerfile', 'b/Dockerfile'],
    ['/srv/app/x:y', 'x%3Ay'],
    ['../other/Dockerfile', 'dockerfile/srv/other/Dockerfile'],
    ['/etc/a b', 'dockerfile/etc/a%20b'],
    ['..hidden', '..hidden'],
  ])('of Dockerfile %s is %s', (path, uri) => expect(dockerfileUri(path, '/srv/app')).toBe(uri));

  it('of a place does not leave its target', () => {
    const [host] = REPORT.audited;
    if (host === undefined) expect.fail();
    const at = (path: string) => locationUri(host, problem('x', { location: { logical: 'x', path } }));
    expect(at('etc/passwd')).toBe('host/etc/passwd');
    expect(at('../../etc/../passwd')).toBe('host/etc/passwd');
    expect(at('/a//b/./c#d?e')).toBe('host/a/b/c%23d%3Fe');
    expect(at('a\ud800')).toBe('host/a%EF%BF%BD');
    expect(containerUri('a/../b')).toBe('container/a/b');
  });
});
