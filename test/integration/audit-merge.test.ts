// SPDX-License-Identifier: Apache-2.0
// Reports of many hosts as one, by the real command line.
import { linkSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { reportJson } from '../../src/audit/report/json.ts';
import { results } from '../../src/audit/run.ts';
import { exampleReader } from '../support/audit.ts';
import { REPORT } from '../support/report.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

/** Prints what its process took at most, in KiB. */
const MEASURE =
  "--import=data:text/javascript,process.on('exit',()=>console.error('RSS',process.resourceUsage().maxRSS))";

describe.skipIf(cannotRun())('audit merge', () => {
  let secure: Secure;
  let dir: string;
  const path = (name: string): string => join(dir, name);
  const merge = (...args: string[]) => secure.run('audit', 'merge', ...args);
  let report: (name: string, bad: number) => string;

  beforeAll(async () => {
    secure = await Secure.create();
    dir = mkdtempSync(join(secure.root, 'merge-'));
    const [host, container] = [await exampleReader('host'), await exampleReader('container')];
    /** A host of this name on which the first `bad` checks fail, with two containers. */
    report = (name, bad) => {
      const of = <T extends 'host' | 'container'>(target: T, read: (example: unknown) => never) =>
        CHECKS[target].flatMap((check, i) =>
          results([check] as never, read(check.examples[0]?.[i < bad ? 'bad' : 'good'])),
        );
      const audited = [
        { target: 'host' as const, name, uri: 'host', results: of('host', host) },
        ...['a', 'b'].map((each) => ({
          ...{ target: 'container' as const, name: each, uri: `container/${each}` },
          results: of('container', container),
        })),
      ];
      return reportJson({ ...REPORT, audited });
    };
    mkdirSync(path('fleet'));
    for (let i = 0; i < 4; i += 1) writeFileSync(path(`fleet/web${i}.json`), report(`web${i}`, i * 3));
    writeFileSync(path('fleet/notes.txt'), 'not a report');
  });
  afterAll(() => secure?.destroy());

  it('of a directory is one report, with the worst first', async () => {
    const { stdout, stderr, code } = await merge(path('fleet'), '--json');
    const document = JSON.parse(stdout);
    expect([code, stderr]).toEqual([1, '']);
    expect(document.fleet.members.map(({ name }: { name: string }) => name)).toEqual(['web3', 'web2', 'web1', 'web0']);
    expect(document.sections.map(({ target }: { target: string }) => target)).toEqual(['host', 'container']);
    expect(stdout).toContain('(in 3 of 4 reports: web1, web2, web3)');
    const good = await merge(path('fleet/web0.json'), '--min-score', '100');
    expect([good.code, good.stderr]).toEqual([0, '']);
  });

  it('can be a baseline and be compared, so that a new failing host is seen', async () => {
    await merge(path('fleet/web0.json'), path('fleet/web1.json'), '--output', path('old.json'), '--fail-on', 'none');
    await merge(path('fleet'), '--output', path('new.json'), '--fail-on', 'none');
    const diff = JSON.parse((await secure.run('audit', 'diff', '--json', path('old.json'), path('new.json'))).stdout);
    expect(diff.new.score).toBeLessThan(diff.old.score);
    expect(diff.added.length).toBeGreaterThan(0);
  });

  it('tells each file that is none, once, and merges the others', async () => {
    mkdirSync(path('mixed'));
    writeFileSync(path('mixed/a.json'), report('a', 0));
    writeFileSync(path('mixed/b.json'), 'root:$6$secret');
    writeFileSync(path('mixed/c.json'), '{"schemaVersion": 1}');
    writeFileSync(path('mixed/d.json'), report('d', 0).slice(0, -100));
    symlinkSync('/dev/zero', path('mixed/e.json'));
    symlinkSync('nowhere', path('mixed/f.json'));
    mkdirSync(path('mixed/g.json'));
    const { stdout, stderr, code } = await merge(path('mixed'), '--json');
    expect(code).toBe(2);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('REPORT_INVALID'));
    expect(lines.map((line) => /([a-g])\.json/.exec(line)?.[1])).toEqual(['b', 'c', 'd', 'e', 'f', 'g']);
    expect(stderr).not.toContain('secret');
    const { fleet, notes } = JSON.parse(stdout);
    expect([fleet.members.length, fleet.unreadable.length]).toEqual([1, 6]);
    expect(notes).toEqual(['6 of 7 reports could not be read']);
    for (const [args, error] of [
      [[path('nothing-here')], 'REPORT_INVALID'],
      [[], 'MISSING_ARGUMENT'],
    ] as const) {
      const result = await merge(...args);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain(error === 'MISSING_ARGUMENT' ? "'secure audit merge' needs" : error);
    }
    mkdirSync(path('empty'));
    expect(errorCode(await merge(path('empty')))).toBe('AUDIT_UNREADABLE');
  });

  it('of ten thousand takes less than 200 MiB', { timeout: 240_000 }, async () => {
    mkdirSync(path('many'));
    // Fifty that differ, each under two hundred names.
    for (let i = 0; i < 50; i += 1) writeFileSync(path(`many/m${i}.json`), report(`node${i}`, i % 7));
    for (let i = 50; i < 10_000; i += 1) linkSync(path(`many/m${i % 50}.json`), path(`many/m${i}.json`));
    const { stderr } = await secure.call(['audit', 'merge', path('many'), '-o', path('all.json')], {
      env: { NODE_OPTIONS: MEASURE },
    });
    expect(JSON.parse(readFileSync(path('all.json'), 'utf8')).fleet.members.length).toBe(10_000);
    const peak = Number(/RSS (\d+)/.exec(stderr)?.[1]);
    expect(peak).toBeGreaterThan(10_000);
    expect(peak).toBeLessThan(200 * 1024);
  });
});
