// SPDX-License-Identifier: Apache-2.0
// What code scanning would make of our files, by its own validator: of every check there is, failing, and of what is hostile.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { reportSarif } from '../../src/audit/report/sarif.ts';
import { results } from '../../src/audit/run.ts';
import type { Audited, Report, Target } from '../../src/audit/types.ts';
import { TARGETS } from '../../src/audit/types.ts';
import {
  composeUri,
  containerUri,
  dockerfileUri,
  engineUri,
  imageUri,
  manifestUri,
  probeUri,
} from '../../src/audit/uri.ts';
import { checkFiles, exampleReader } from '../support/audit.ts';
import { checkOf, fail, HOSTILE, problem, REPORT, UNKNOWN } from '../support/report.ts';
import { cannotValidate, schemaErrors, validated } from '../support/sarif.ts';

const SUBJECTS: Readonly<Record<Target, { readonly name: string; readonly uri: string }>> = {
  host: { name: 'debian', uri: 'host' },
  engine: { name: 'docker', uri: engineUri('docker') },
  image: { name: 'localhost:5000/a:1', uri: imageUri('localhost:5000/a:1') },
  container: { name: 'web', uri: containerUri('web') },
  dockerfile: { name: 'my app/Dockerfile', uri: dockerfileUri('my app/Dockerfile') },
  compose: { name: 'compose.yaml', uri: composeUri('compose.yaml') },
  kubernetes: { name: 'k8s/web.yaml', uri: manifestUri('k8s/web.yaml') },
  probe: { name: 'docker/web', uri: probeUri('docker/web') },
};
const checks = await checkFiles();

/** Every check of a target with what its bad examples find. Of a target without checks one that is made up. */
async function failing(target: Target): Promise<Report> {
  const mine = checks.filter(({ file }) => file.startsWith(`${target}/`)).map(({ check }) => check);
  const found = [];
  if (mine.length > 0) {
    const read = await exampleReader(target);
    for (const check of mine) found.push(...check.examples.flatMap(({ bad }) => results([check], read(bad))));
  } else {
    found.push(
      { check: checkOf(`SEC-${target.toUpperCase()}-0001`, 'high', target), verdict: fail(problem(HOSTILE)) },
      { check: checkOf(`SEC-${target.toUpperCase()}-0002`, 'high', target), verdict: UNKNOWN },
    );
  }
  expect(found.some(({ verdict }) => verdict.status === 'fail')).toBe(true);
  const audited: Audited = { target, ...SUBJECTS[target], results: found };
  return { ...REPORT, audited: [audited] };
}

describe.skipIf(cannotValidate())('the validator', () => {
  it.each(TARGETS)('has nothing to say of every check of %s', { timeout: 240_000 }, async (target) => {
    const text = reportSarif(await failing(target));
    expect(schemaErrors(JSON.parse(text))).toEqual([]);
    expect(validated(text)).toEqual([]);
  });

  it('nor of all targets in one, of hostile names, and of nothing at all', { timeout: 240_000 }, async () => {
    const audited = await Promise.all(TARGETS.map(async (target) => (await failing(target)).audited));
    expect(validated(reportSarif({ ...REPORT, audited: audited.flat() }))).toEqual([]);
    expect(validated(reportSarif(REPORT))).toEqual([]);
    expect(validated(reportSarif({ ...REPORT, audited: [] }))).toEqual([]);
  });

  it('finds what is wrong: an absolute URI', { timeout: 240_000 }, () => {
    const broken = JSON.parse(reportSarif(REPORT)) as Log;
    const [result] = broken.runs[0]?.results ?? [];
    Object.assign(result?.locations?.[0]?.physicalLocation?.artifactLocation ?? {}, { uri: 'debian:8 x' });
    expect(validated(JSON.stringify(broken)).filter((line) => line.startsWith('error'))).not.toEqual([]);
  });
});

it('every rule of ours links to its page, which is there', async () => {
  for (const target of TARGETS) {
    if (!checks.some(({ file }) => file.startsWith(`${target}/`))) continue;
    const log = JSON.parse(reportSarif(await failing(target))) as Log;
    for (const { id, helpUri } of log.runs[0]?.tool.driver.rules ?? []) {
      expect(helpUri).toBe(`https://secure.dev/docs/reference/checks/${id}`);
      expect(existsSync(join(import.meta.dirname, `../../docs/reference/checks/${id}.md`))).toBe(true);
    }
  }
});
