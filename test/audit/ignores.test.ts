// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { parseDockerfile } from '../../src/audit/facts/dockerfile.ts';
import { withoutIgnored } from '../../src/audit/ignores.ts';
import { results } from '../../src/audit/run.ts';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const VERSION = 'SEC-DOCKERFILE-0003';
const OWN = 'SEC-DOCKERFILE-0021';

/** What is found, by check and line. */
function found(text: string, ...ids: string[]): string[] {
  const facts = parseDockerfile(text, 'Dockerfile', NOW);
  const all = withoutIgnored(results(CHECKS.dockerfile, facts), facts);
  return all
    .filter(({ check }) => ids.includes(check.id))
    .flatMap(({ check, verdict }) =>
      verdict.status === 'fail'
        ? verdict.problems.map(({ location }) => `${check.id}:${location.region?.startLine}`)
        : verdict.status === 'not-applicable'
          ? [`${check.id}: ${verdict.why}`]
          : [],
    );
}
const ignore = (rest = 'reason="x" until=2026-12-01') => `# secure ignore=${VERSION} ${rest}`;

describe('comments that ignore', () => {
  it('take back what is found in the instruction below, and nothing else', () => {
    const text = `FROM a AS one\n${ignore()}\n\n# and why\nFROM b AS two\nFROM c\n`;
    expect(found(text, VERSION, OWN)).toEqual([`${VERSION}:1`, `${VERSION}:6`]);
  });

  it('are about the whole file above its first instruction', () => {
    expect(found(`# syntax=docker/dockerfile:1\n${ignore()}\nFROM a AS one\nFROM b\n`, VERSION, OWN)).toEqual([
      `${VERSION}: ignored until 2026-12-01, line 2: "x"`,
    ]);
  });

  it('take back what has no place in the file only there', () => {
    const user = (before: string, after: string) =>
      found(`${before}FROM a:1\n${after}RUN true\n`, 'SEC-DOCKERFILE-0002').length;
    const comment = '# secure ignore=SEC-DOCKERFILE-0002 reason=base until=2027-01-01\n';
    expect(found(`${comment}FROM a:1\nRUN true\n`, 'SEC-DOCKERFILE-0002').join()).toContain('ignored until');
    expect(user('', '')).toBe(1);
    expect(found(`FROM a:1\n${comment}RUN true\n`, OWN)).toEqual([`${OWN}:2`]);
  });

  it.each([
    ['has expired', ignore('reason=x until=2026-11-30')],
    ['has no reason', ignore('until=2027-01-01')],
    ['has an empty one', ignore('reason="  " until=2027-01-01')],
    ['has no end', ignore('reason=x')],
    ['ends on no day', ignore('reason=x until=2027-02-30')],
    ['ends never', ignore('reason=x until=never')],
    ['says something else', ignore('reason=x until=2027-01-01 owner=me')],
    ['says it twice', ignore('reason=x until=2027-01-01 until=2028-01-01')],
    ['has an open quote', ignore('reason="x until=2027-01-01')],
    ['has words', '# secure please ignore it'],
    ['names no check', '# secure ignore=all reason=x until=2027-01-01'],
    ['names none at all', '# secure reason=x until=2027-01-01'],
  ])('one that %s takes back nothing, and is told', (_, comment) => {
    expect(found(`${comment}\nFROM a\n`, VERSION, OWN)).toEqual([`${VERSION}:2`, `${OWN}:1`]);
  });

  it('holds to the end of its day', () => {
    const at = (now: string) => parseDockerfile(`${ignore()}\nFROM a\n`, 'D', Date.parse(now)).ignores[0]?.wrong;
    expect(at('2026-12-01T23:59:59.999Z')).toBeUndefined();
    expect(at('2026-12-02T00:00:00Z')).toBe('it held until 2026-12-01');
  });

  it('is told when it is not needed', () => {
    expect(found(`${ignore()}\nFROM a:1\n`, VERSION, OWN)).toEqual([`${OWN}:1`]);
  });

  it('cannot take itself back, nor stand in a here-document or a continued line', () => {
    expect(found(`# secure ignore=${OWN} reason=x until=never\nFROM a:1\n`, OWN)).toEqual([`${OWN}:1`]);
    expect(found(`FROM a\nRUN <<E\n${ignore()}\nE\nFROM b\n`, VERSION, OWN)).toEqual([`${VERSION}:1`, `${VERSION}:5`]);
    expect(found(`FROM a\nRUN true \\\n${ignore()}\n  && true\nFROM b\n`, VERSION, OWN)).toEqual([
      `${VERSION}:1`,
      `${VERSION}:5`,
    ]);
  });

  it('is another comment when it does not begin with the word', () => {
    expect(found(`# secured by others\n# insecure ignore=x\nFROM a:1\n`, OWN)).toEqual([]);
  });

  it('is read in time, however many there are', () => {
    const facts = parseDockerfile(`${`${ignore()}\n`.repeat(10_000)}FROM a\n`, 'D', NOW);
    expect(facts.ignores).toHaveLength(1000);
    const begun = performance.now();
    parseDockerfile(`# secure a${' '.repeat(500_000)}b\nFROM a\n`, 'D', NOW);
    // A quadratic expression takes minutes.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
