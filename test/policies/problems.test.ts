// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { caret, renderProblem } from '../../src/policies/problems.ts';

test('the caret stands under the column, tabs and control characters included', () => {
  expect(caret(['\u001b[31m\tx: 1'], 1, 7)).toBe(' [31m x: 1\n      ^');
});

test('a line of a megabyte is cut around the column', () => {
  const shown = caret([`${'a'.repeat(500_000)}X${'b'.repeat(500_000)}`], 1, 500_001);
  const [text = '', mark = ''] = shown.split('\n');
  expect(text.length).toBeLessThanOrEqual(120);
  expect(text[mark.indexOf('^')]).toBe('X');
});

test('a problem without a source line is one line', () => {
  const problem = { code: 'POLICY_UNREADABLE', message: 'm', file: 'f', line: 1, column: 1 } as const;
  expect(renderProblem(problem, [])).toBe('f:1:1: POLICY_UNREADABLE: m');
});
