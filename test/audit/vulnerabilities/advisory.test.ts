// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type Event, parseAdvisory } from '../../../src/audit/vulnerabilities/advisory.ts';
import { affects } from '../../../src/audit/vulnerabilities/affects.ts';
import { baseScore } from '../../../src/audit/vulnerabilities/cvss.ts';
import type { Kind } from '../../../src/audit/vulnerabilities/versions/index.ts';

const advisory = (more: object = {}) => ({ id: 'CVE-2026-1', modified: '2026-01-01T00:00:00Z', ...more });

describe('CVSS', () => {
  // Scores of published CVEs, as NVD has them.
  it.each([
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 7.8],
    ['CVSS:3.0/AV:L/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H', 8.6],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
    ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N', 5.9],
    ['CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', 1.6],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
  ])('%s is %d', (vector, score) => {
    expect(baseScore(vector)).toBe(score);
  });

  it.each([
    '',
    'CVSS:3.1',
    'CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'AV:N/AC:L/Au:N/C:P/I:P/A:P',
    'CVSS:4.0/AV:N',
  ])('%j is none of version 3', (vector) => {
    expect(baseScore(vector)).toBeUndefined();
  });
});

describe('an advisory', () => {
  it('is read as the schema has it', () => {
    const found = parseAdvisory(
      advisory({
        aliases: ['GHSA-x'],
        upstream: ['CVE-2026-2'],
        summary: 'Two\n lines',
        severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
        affected: [
          {
            package: { ecosystem: 'npm', name: 'left-pad' },
            ranges: [
              { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.3' }] },
              { type: 'GIT', repo: 'x', events: [{ introduced: '0' }] },
            ],
          },
          { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] },
        ],
      }),
    );
    expect(found).toMatchObject({ aliases: ['GHSA-x', 'CVE-2026-2'], summary: 'Two lines', severity: 'critical' });
    expect(found.affected).toEqual([
      {
        ecosystem: 'npm',
        name: 'left-pad',
        ranges: [
          [
            ['introduced', '0'],
            ['fixed', '1.2.3'],
          ],
        ],
        versions: [],
      },
    ]);
  });

  it.each([
    [{ database_specific: { severity: 'MODERATE' } }, 'medium'],
    [{ severity: [{ type: 'Ubuntu', score: 'high' }] }, 'high'],
    [
      {
        affected: [{ package: { ecosystem: 'Debian:12', name: 'a' }, ecosystem_specific: { urgency: 'unimportant' } }],
      },
      'low',
    ],
    [
      {
        affected: [
          { package: { ecosystem: 'Debian:12', name: 'a' }, ecosystem_specific: { urgency: 'not yet assigned' } },
        ],
      },
      null,
    ],
    [{ severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' }] }, null],
  ])('of %j is %s', (more, severity) => {
    expect(parseAdvisory(advisory(more)).severity).toBe(severity);
  });

  it.each<[unknown, string]>([
    [null, 'id is no text'],
    [[], 'the document is no object'],
    [advisory({ id: '../x' }), 'id is none'],
    [advisory({ modified: 'yesterday' }), 'modified is no time'],
    [advisory({ affected: {} }), 'affected is no list'],
    [advisory({ affected: [{ package: { ecosystem: 'npm' } }] }), 'the name of a package is no text'],
    [
      advisory({
        affected: [{ package: { ecosystem: 'npm', name: 'a' }, ranges: [{ type: 'SEMVER', events: [{}] }] }],
      }),
      'an event is none',
    ],
    [advisory({ affected: [{ package: { ecosystem: 'npm', name: 'a' }, versions: [7] }] }), 'a version is no text'],
  ])('%j is none', (value, message) => {
    expect(() => parseAdvisory(value)).toThrow(message);
  });
});

describe('a version', () => {
  const events = (text: string): Event[] => text.split(' ').map((one) => one.split('=', 2) as unknown as Event);
  const hit = (kind: Kind, version: string, ranges: string[], versions: string[] = []) =>
    affects(kind, version, { ecosystem: '', name: '', ranges: ranges.map(events), versions });

  it.each<[Kind, string, string[], object | undefined]>([
    ['deb', '1.0-1', ['introduced=0 fixed=1.0-2'], { affected: true, fixed: '1.0-2' }],
    ['deb', '1.0-2', ['introduced=0 fixed=1.0-2'], { affected: false }],
    ['deb', '1.0-2~deb12u1', ['introduced=0 fixed=1.0-2'], { affected: true, fixed: '1.0-2' }],
    ['deb', '9', ['introduced=0'], { affected: true }],
    ['npm', '2.5.0', ['introduced=1.0.0 fixed=1.2.0 introduced=2.0.0 fixed=2.6.0'], { affected: true, fixed: '2.6.0' }],
    ['npm', '1.5.0', ['introduced=1.0.0 fixed=1.2.0 introduced=2.0.0 fixed=2.6.0'], { affected: false }],
    // In whatever order.
    ['npm', '1.5.0', ['fixed=2.6.0 introduced=2.0.0 fixed=1.2.0 introduced=1.0.0'], { affected: false }],
    ['npm', '0.0.0-alpha', ['introduced=0 fixed=1.0.0'], { affected: true, fixed: '1.0.0' }],
    ['npm', '1.2.0', ['introduced=0 last_affected=1.2.0'], { affected: true }],
    ['npm', '1.2.1', ['introduced=0 last_affected=1.2.0'], { affected: false }],
    ['pypi', '1.0rc1', ['introduced=0 fixed=1.0'], { affected: true, fixed: '1.0' }],
    ['npm', '3.0.0', ['introduced=0 fixed=1.0.0', 'introduced=2.0.0 fixed=4.0.0'], { affected: true, fixed: '4.0.0' }],
    // What cannot be compared is not said to be in order.
    ['npm', 'main', ['introduced=0 fixed=1.0.0'], undefined],
    ['pypi', '1.0', ['introduced=0 fixed=whenever'], undefined],
  ])('%s %s in %j: %j', (kind, version, ranges, expected) => {
    expect(hit(kind, version, ranges)).toEqual(expected);
  });

  it('is affected when it is named', () => {
    expect(hit('npm', '1.0.0', [], ['0.9.0', '1.0.0'])).toEqual({ affected: true });
    expect(hit('npm', 'main', ['introduced=0 fixed=1.0.0'], ['main'])).toEqual({ affected: true });
    expect(hit('npm', '1.0.1', [], ['1.0.0'])).toEqual({ affected: false });
  });
});
