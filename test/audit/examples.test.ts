// SPDX-License-Identifier: Apache-2.0
// Every check by its own examples: each flips the verdict with one fact. A new check is tested by being there.
import { describe, expect, it } from 'vitest';
import { SEVERITIES, type Target } from '../../src/audit/types.ts';
import { checkFiles, differences, exampleReader, instructions, merge } from '../support/audit.ts';

const checks = await checkFiles();

describe('the harness', () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, 1],
    [{ a: 1 }, { a: 1, b: { c: 1, d: 2 } }, 1],
    [{ a: 1, b: 2 }, { a: 2, b: 3 }, 2],
    [{ a: [{ x: 1 }, { x: 2 }] }, { a: [{ x: 1 }, { x: 3 }] }, 1],
    [['a', 'b'], ['a', 'c', 'b'], 1],
    [['a', 'b'], ['c', 'd', 'b'], 2],
    [{ a: null }, { a: { b: 1 } }, 1],
    [{ a: 1 }, { a: 1 }, 0],
  ])('%j and %j differ in %d places', (a, b, count) => {
    expect(differences(a, b)).toBe(count);
    expect(differences(b, a)).toBe(count);
  });

  it('merges objects and replaces the rest', () => {
    expect(merge({ a: { b: 1, c: [1, 2] }, d: 1, e: 1 }, { a: { c: [3] }, d: null, e: undefined })).toEqual({
      a: { b: 1, c: [3] },
      d: null,
    });
  });

  it('counts instructions, not lines', () => {
    const text = '# syntax=x\nFROM a\n\nRUN b && \\\n  # why\n  c\nRUN <<EOF\n# not a comment\nd\nEOF\nUSER 1\n';
    expect(instructions(text)).toEqual(['FROM a', 'RUN b && \\\nc', 'RUN <<EOF\n# not a comment\nd\nEOF', 'USER 1']);
  });
});

it('every id is given once', () => {
  const ids = checks.map(({ check }) => check?.id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

describe.each(checks.map(({ file, check }) => [file, check] as const))('%s', (file, check) => {
  const target = file.split('/')[0] as Target;

  it('says what it is', () => {
    expect(file).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*\.ts$/);
    expect(check.target).toBe(target);
    expect(check.id).toMatch(new RegExp(`^SEC-${target.toUpperCase()}-\\d{4}$`));
    expect(SEVERITIES).toContain(check.severity);
    for (const text of [check.title, check.rationale, check.remediation]) {
      expect(text.trim()).toBe(text);
      expect(text.length).toBeGreaterThan(10);
    }
    expect(check.title).toMatch(/^[A-Z].*[^.]$/);
    for (const framework of check.frameworks) expect(framework).toMatch(/^[A-Za-z0-9.-]+:\S+$/);
    expect(new Set(check.frameworks).size).toBe(check.frameworks.length);
    expect(check.references.length).toBeGreaterThan(0);
    for (const reference of check.references) expect(new URL(reference).protocol).toBe('https:');
    expect(check.examples.length).toBeGreaterThan(0);
    // One is a sentence of its own on a page, the other a part of one.
    if (check.fix !== undefined) expect(check.fix.does).toMatch(/^[A-Z].*\.$/s);
    if (check.fix?.risk !== undefined) expect(check.fix.risk).toMatch(/^[a-z].*[^.]$/s);
  });

  it.each(check.examples.map((example, i) => [i, example] as const))('example %d', async (_, { good, bad }) => {
    const read = await exampleReader(target);
    expect(check.check(read(good))).toEqual({ status: 'pass' });
    const verdict = check.check(read(bad));
    expect(verdict.status).toBe('fail');
    const problems = verdict.status === 'fail' ? verdict.problems : [];
    expect(problems.length).toBeGreaterThan(0);
    for (const { message, key, location } of problems) {
      expect(message.trim().length).toBeGreaterThan(10);
      expect(key).not.toBe('');
      expect(location.logical).not.toBe('');
      if (location.path !== undefined) expect(location.path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)/);
    }
    const keys = problems.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const count =
      target === 'dockerfile'
        ? // Of the check about comments they are what differs.
          differences(instructions(good as string), instructions(bad as string)) ||
          differences((good as string).split('\n'), (bad as string).split('\n'))
        : differences(read(good), read(bad));
    expect(count).toBe(1);
  });
});
