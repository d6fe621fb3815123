// SPDX-License-Identifier: Apache-2.0
// Every recommendation of the benchmark that checks decide, by labelled facts: one fact makes it fail, and one makes it unknown.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { decide, RECOMMENDATIONS } from '../../src/audit/cis/decide.ts';
import type { Result, Target } from '../../src/audit/types.ts';
import { differences, exampleReader } from '../support/audit.ts';
import {
  CONTAINER_FIXTURES,
  DOCKERFILE_FIXTURES,
  ENGINE_FIXTURES,
  type Fixture,
  HOST_FIXTURES,
  IMAGE_FIXTURES,
} from '../support/cis.ts';

/** A person decides; why stands in the table. */
const UNDECIDED = ['1.2.1', '4.2', '4.3', '4.12', '7.6'];

describe('the table', () => {
  it('has all of sections 1 to 7, once, in order', () => {
    const count = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}.${i + 1}`);
    expect(RECOMMENDATIONS.map(({ id }) => id)).toEqual([
      ...[...count('1.1', 18), ...count('1.2', 2), ...count('2', 18), ...count('3', 24)],
      ...[...count('4', 12), ...count('5', 32), ...count('6', 2), ...count('7', 9)],
    ]);
  });

  it('decides 112 of 117, and says of the others what to look at', () => {
    const open = RECOMMENDATIONS.filter(({ decided }) => decided.length === 0);
    expect(open.map(({ id }) => id)).toEqual(UNDECIDED);
    for (const { look } of open) expect(look.length).toBeGreaterThan(40);
    expect(RECOMMENDATIONS.length - open.length).toBe(112);
  });

  it('names only checks that there are, which name the recommendation', () => {
    const checks = new Map(
      Object.values(CHECKS)
        .flat()
        .map((check) => [check.id, check.frameworks as readonly string[]]),
    );
    const wrong = RECOMMENDATIONS.flatMap(({ id, decided }) =>
      decided
        .filter(({ check }) => checks.get(check)?.includes(`CIS-Docker-1.6:${id}`) !== true)
        .map(({ check }) => `${id} ${check}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has a fixture of each that is decided', () => {
    const ids = [HOST_FIXTURES, ENGINE_FIXTURES, CONTAINER_FIXTURES, IMAGE_FIXTURES, DOCKERFILE_FIXTURES]
      .flat()
      .map(({ id }) => id);
    expect([...new Set(ids)].sort()).toEqual(
      RECOMMENDATIONS.filter(({ decided }) => decided.length > 0)
        .map(({ id }) => id)
        .sort(),
    );
  });
});

const resultsOf = (target: Target, facts: never): Result[] =>
  CHECKS[target as keyof typeof CHECKS].map((check) => ({ check, verdict: check.check(facts) }));

const GROUPS: readonly (readonly [Target, readonly Fixture[]])[] = [
  ['host', HOST_FIXTURES],
  ['engine', ENGINE_FIXTURES],
  ['container', CONTAINER_FIXTURES],
  ['image', IMAGE_FIXTURES],
  ['dockerfile', DOCKERFILE_FIXTURES],
];
describe.each(GROUPS)('%s', (target, fixtures) => {
  it.each(fixtures.map((fixture) => [fixture.id, fixture] as const))('%s', async (id, fixture) => {
    const read = await exampleReader(target);
    const item = RECOMMENDATIONS.find((one) => one.id === id);
    if (item === undefined) throw new Error(`there is no ${id}`);
    const of = (facts: unknown) => decide(item, resultsOf(target, read(facts)));
    expect(of(fixture.pass)).toBe('pass');
    expect(of(fixture.fail)).toBe('fail');
    if (target !== 'dockerfile') expect(differences(read(fixture.pass), read(fixture.fail))).toBe(1);
    if (fixture.unknown === undefined) return expect(fixture.always).toBeTruthy();
    expect(of(fixture.unknown)).toBe('unknown');
    // One fact away from what passes, or from what fails.
    const away = [fixture.pass, fixture.fail].map((one) => differences(read(one), read(fixture.unknown)));
    expect(Math.min(...away)).toBe(1);
  });
});

it('what lies beside an unreadable file does not make it pass', () => {
  const service = '/usr/lib/systemd/system/docker.service';
  const item = RECOMMENDATIONS.find(({ id }) => id === '3.1');
  return exampleReader('host').then((read) => {
    const facts = read({ files: { [service]: undefined, '/etc/docker/daemon.json': { uid: 1000 } } });
    expect(item === undefined ? item : decide(item, resultsOf('host', facts))).toBe('unknown');
  });
});
