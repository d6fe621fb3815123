// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { History, scopeOf } from '../../src/audit/history.ts';
import type { Audited, Report } from '../../src/audit/types.ts';
import { checkOf, fail, PASS, problem, REPORT } from '../support/report.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secure-history-'));
  path = join(dir, 'audit/history.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const host = (good: boolean, uri = 'host'): Audited => ({
  ...{ target: 'host', name: 'x', uri },
  results: [
    { check: checkOf('SEC-HOST-0001', 'high'), verdict: good ? PASS : fail(problem('a')) },
    { check: checkOf('SEC-HOST-0002', 'high'), verdict: PASS },
  ],
});
const at = (minute: number, ...audited: readonly Audited[]): Report => ({
  ...REPORT,
  generated: `2026-01-01T00:0${minute}:00.000Z`,
  audited,
});
const using = <T>(work: (history: History) => T): T => {
  const history = new History(path);
  try {
    return work(history);
  } finally {
    history.close();
  }
};

describe('the history', () => {
  it('has the last audits of a scope, oldest first, also when it is opened again', () => {
    for (const [i, good] of [false, true, true].entries()) using((history) => history.add(at(i, host(good))));
    using((history) => history.add(REPORT));
    const entries = using((history) => history.entries('host', 2));
    expect(entries.map(({ generated, score }) => [generated.slice(14, 16), score])).toEqual([
      ['01', 100],
      ['02', 100],
    ]);
    expect(using((history) => history.entries(undefined, 99)).map(({ score }) => score)).toEqual([50, 100, 100, 0]);
    expect(using((history) => history.entries('host', 99))[0]).toMatchObject({
      ...{ fail: 1, pass: 1, unknown: 0, sections: { host: 50 } },
      failed: { critical: 0, high: 1, medium: 0, low: 0 },
    });
    expect(using((history) => history.entries("host' OR 1=1 --", 9))).toEqual([]);
  });

  it('tells scopes apart', () => {
    expect(scopeOf(at(0, host(true)))).toBe('host');
    expect(scopeOf(REPORT)).toBe('host+image+container+dockerfile');
    expect(scopeOf(at(0))).toBe('nothing');
  });

  it('is for its owner only', () => {
    const umask = process.umask(0);
    try {
      using((history) => history.add(REPORT));
    } finally {
      process.umask(umask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'audit')).mode & 0o777).toBe(0o700);
  });

  it('two at once both get in', () => {
    using((one) =>
      using((other) => {
        one.add(at(0, host(true)));
        other.add(at(1, host(true)));
        expect(one.entries('host', 9).length).toBe(2);
      }),
    );
  });

  it('keeps ten thousand', { timeout: 60_000 }, () => {
    using((history) => history.add(at(0, host(false))));
    const database = new DatabaseSync(path);
    database.exec('UPDATE audits SET id = 1');
    database.exec(`INSERT INTO audits SELECT value, generated, scope, product, score, sections, fail, unknown, pass, failed
      FROM audits, (WITH RECURSIVE n(value) AS (SELECT 2 UNION ALL SELECT value + 1 FROM n WHERE value < 10000) SELECT value FROM n)`);
    database.close();
    using((history) => {
      history.add(at(1, host(true)));
      const all = history.entries(undefined, 99_999);
      expect([all.length, all.at(-1)?.score]).toEqual([10_000, 100]);
    });
  });

  it.each<[string, () => void]>([
    ['no database', () => writeFileSync(path, 'x'.repeat(4096))],
    [
      'of a newer version',
      () => {
        const database = new DatabaseSync(path);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
    ],
    [
      'of another form',
      () => {
        const database = new DatabaseSync(path);
        database.exec('CREATE TABLE audits (x)');
        database.close();
      },
    ],
    ['a link', () => symlinkSync(join(dir, 'elsewhere'), path)],
  ])('that is %s is one error', (_, make) => {
    using(() => {});
    rmSync(path);
    make();
    expect(() => using((history) => history.add(REPORT))).toThrow(
      expect.objectContaining({ code: 'HISTORY_INVALID', hint: expect.any(String) }),
    );
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
  });
});
