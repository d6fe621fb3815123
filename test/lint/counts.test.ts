// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { tapCounts, tapFailures, vitestCounts, vitestFailures } from '../../scripts/test/counts.ts';

describe('TAP', () => {
  test('points are counted, skipped ones apart', () => {
    const text = 'TAP version 13\n1..3\n# a\nok 1 - a\nnot ok 2 - b\n#   x.cc:1: x\nok 3 - c # SKIP no kernel\n';
    expect(tapCounts(text, 1)).toEqual({ passed: 1, failed: 1, skipped: 1 });
  });
  test('failed points by name', () => {
    expect(tapFailures('1..2\nok 1 - a\nnot ok 2 - net_test/b\n#   x.cc:1: x\n')).toEqual(['net_test/b']);
  });
  test('what was planned and never ran has failed: the program crashed', () => {
    expect(tapCounts('1..5\nok 1 - a\n', null)).toEqual({ passed: 1, failed: 4, skipped: 0 });
  });
  test.each([
    ['nothing printed', '', 0],
    ['nothing planned', '1..0\n', 0],
    ['failed after the last point (a leak)', '1..1\nok 1 - a\n', 1],
    ['more than planned', '1..1\nok 1 - a\nok 2 - b\n', 0],
  ])('%s is a failure', (_, text, exitCode) => {
    expect(tapCounts(text, exitCode).failed).toBe(1);
  });
});

describe('Vitest', () => {
  test('counts of the report', () => {
    const report = JSON.stringify({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 });
    expect(vitestCounts(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 3 });
  });
  test.each([
    ['no report', '', 1],
    ['a report that is cut off', '{"numPassedTests":', 0],
    ['a file that could not be loaded', '{"numPassedTests":3,"numFailedTests":0}', 1],
    ['no tests at all', '{"numPassedTests":0}', 0],
  ])('%s is a failure', (_, report, exitCode) => {
    expect(vitestCounts(report, exitCode).failed).toBe(1);
  });
  test('failed tests by name with the first line of the error, failed files by path', () => {
    const passed = { status: 'passed', fullName: 'a b' };
    const failed = { status: 'failed', fullName: 'a c', failureMessages: ['Error: no such port\n    at x.ts:1'] };
    const testResults = [
      { name: '/a.test.ts', status: 'failed', assertionResults: [passed, failed] },
      { name: '/b.test.ts', status: 'failed', message: 'no such import\n at', assertionResults: [] },
      { name: '/c.test.ts', status: 'passed', assertionResults: [passed] },
    ];
    expect(vitestFailures(JSON.stringify({ testResults }))).toEqual([
      'a c: Error: no such port',
      '/b.test.ts: no such import',
    ]);
    expect(vitestFailures('{"testR')).toEqual(['no report']);
  });
});
