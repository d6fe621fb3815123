// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { PolicyProblems } from '../../src/policies/problems.ts';
import { readSource } from '../../src/policies/source.ts';

function refusal(text: string): { code: string; line: number; column: number; message: string } {
  try {
    readSource(text, 'f.yaml');
  } catch (error) {
    if (error instanceof PolicyProblems && error.problems[0] !== undefined) return error.problems[0];
    throw error;
  }
  throw new Error('nothing was refused');
}

/** CPU time, since these tests share the machine with others. */
function cpuMs(work: () => void): number {
  const { user } = process.cpuUsage();
  work();
  return (process.cpuUsage().user - user) / 1000;
}
const PATIENCE = 60_000;

test('every key and value knows its place', () => {
  const source = readSource('a:\n  b: [1,\n    2]\n', 'f.yaml');
  expect(source.at('/a/b/1')).toEqual({ line: 3, column: 5 });
  expect(source.key('/a/b')).toEqual({ line: 2, column: 3 });
  expect(source.at('/a/missing')).toEqual(source.at('/a'));
});

test('what comes from an alias has the place of the alias, which is what the reader wrote there', () => {
  const source = readSource('a: &x {b: 1}\nc: *x\n', 'f.yaml');
  expect(source.value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  expect(source.at('/c/b').line).toBe(2);
});

test.each([
  ['a duplicate key', 'a: 1\na: 2\n', 2],
  ['bad indentation', 'a:\n\t- b\n', 2],
  ['two documents', 'a: 1\n---\nb: 2\n', 2],
  ['a custom tag', 'a: !run rm\n', 1],
  ['a key that is a list', '? [a]\n: b\n', 1],
  ['an alias to itself', 'a: &a [*a]\n', 1],
  ['an alias without an anchor', 'a: *b\n', 1],
])('%s is refused with its line', (_, text, line) => {
  expect(refusal(text)).toMatchObject({ code: 'POLICY_SYNTAX', line });
});

test('nine lines that stand for a thousand million values end quickly', { timeout: PATIENCE }, () => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i <= 9; i += 1)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(',')}]`,
    );
  const spent = cpuMs(() => expect(refusal(lines.join('\n')).message).toContain('aliases'));
  expect(spent).toBeLessThan(4000);
});

test('ten thousand keys are read in no quadratic time', { timeout: PATIENCE }, () => {
  const text = Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join('\n');
  const spent = cpuMs(() => expect(Object.keys(readSource(text, 'f.yaml').value as object)).toHaveLength(10_000));
  expect(spent).toBeLessThan(4000);
});

test('deep nesting is refused, not recursed into', { timeout: PATIENCE }, () => {
  expect(refusal(`a: ${'['.repeat(100)}${']'.repeat(100)}`).code).toBe('POLICY_SYNTAX');
  const spent = cpuMs(() => {
    for (const hole of ['[', '{a: ', '- ', '? ']) expect(refusal(hole.repeat(250_000)).code).toBe('POLICY_SYNTAX');
  });
  expect(spent).toBeLessThan(4000);
});

test('__proto__ is a key like any other', () => {
  const { value } = readSource('__proto__: {polluted: 1}\n', 'f.yaml');
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
