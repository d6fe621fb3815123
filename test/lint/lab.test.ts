// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { collect } from '../lab/collect.ts';
import { formPlan, readTestFile } from '../lab/plan.ts';

const plan = ['a_test.sh one', 'a_test.sh two'];
const whole = '#begin a_test.sh one\n#end a_test.sh one 0\n#begin a_test.sh two\n#end a_test.sh two 0\n#done\n';
const failed = (stream: string, trouble?: string, of = plan): string[] =>
  collect(of, stream, trouble)
    .filter((point) => !point.ok)
    .map((point) => point.name);

describe('what a guest says', () => {
  test('a guest that ran everything', () => expect(failed(whole)).toEqual([]));
  test.each([
    ['nothing at all', '', ['a/one', 'a/two', 'the guest ends by itself']],
    ['only the end', '#done\n', ['a/one', 'a/two']],
    ['all but the end, as in a panic', whole.replace('#done\n', ''), ['the guest ends by itself']],
    ['a test without an end', whole.replace('#end a_test.sh one 0\n', ''), ['a/one']],
    ['a test that failed', whole.replace('one 0', 'one 1'), ['a/one']],
    ['a test that was left out', whole.replaceAll(/.*two.*\n/g, ''), ['a/two']],
    ['a result within output', '#begin a_test.sh one\n| #end a_test.sh one 0\n#done\n', ['a/one', 'a/two']],
  ])('%s', (_, stream, names) => expect(failed(stream)).toEqual(names));
  test('a guest that was ended from outside', () =>
    expect(failed(whole, 'it said nothing')).toEqual(['the guest ends by itself']));
  test('a form without tests proves nothing', () => expect(failed('#done\n', undefined, [])).toEqual(['has tests']));
  test('output of a failed test is kept', () => {
    const stream = '#begin a_test.sh one\n| why\n#end a_test.sh one 1\n#done\n';
    expect(collect(['a_test.sh one'], stream)[0]?.details).toEqual(['why', 'exit code 1']);
  });
});

describe('a program that prints TAP', () => {
  const run = (tap: string, code = 0): string =>
    `#begin core.tap -\n${tap.replace(/^/gm, '| ')}\n#end core.tap - ${code}\n#done\n`;
  test('its points', () => {
    const points = collect(['core.tap -'], run('1..2\nok 1 - x/a\nnot ok 2 - x/b\n#   line 3', 1));
    expect(points.map(({ name, ok, details }) => [name, ok, details])).toEqual([
      ['core/x/a', true, []],
      ['core/x/b', false, ['line 3']],
    ]);
  });
  test.each([
    ['no plan', 'ok 1 - a', 0],
    ['less than planned', '1..3\nok 1 - a', 0],
    ['a code of failure without a failed point', '1..1\nok 1 - a', 1],
    ['nothing', '', 0],
  ])('%s is a failure', (_, tap, code) =>
    expect(failed(run(tap, code), undefined, ['core.tap -'])).toEqual(['core: ends as planned']),
  );
});

describe('what a test file says', () => {
  test('its forms and tests', () => {
    const file = readTestFile('a_test.sh', '# forms: v2 plain\ntest_b() {\n}\nhelper() {\n}\ntest_c() { :; }\n');
    expect(formPlan([file], 'plain')).toEqual(['a_test.sh b', 'a_test.sh c']);
    expect(formPlan([file], 'selinux')).toEqual([]);
  });
  test.each([
    ['no forms', 'test_a() {\n}\n'],
    ['a form that is none', '# forms: v2 vms\ntest_a() {\n}\n'],
    ['no tests', '# forms: all\n'],
    ['a name twice', '# forms: all\ntest_a() {\n}\ntest_a() {\n}\n'],
  ])('%s is an error', (_, text) => expect(() => readTestFile('a_test.sh', text)).toThrow('a_test.sh'));
});
