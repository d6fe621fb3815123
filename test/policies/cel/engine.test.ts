// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Budget, UNITS } from '../../../src/policies/cel/budget.ts';
import { Engine, toCel } from '../../../src/policies/cel/engine.ts';
import { FUNCTIONS } from '../../../src/policies/cel/functions.ts';
import { parse } from '../../../src/policies/cel/parse.ts';

const engine = new Engine({ funcs: FUNCTIONS });
const evaluate = (text: string, variables: Record<string, unknown> = {}) =>
  engine.prepare(parse(text))(
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCel(value)])),
  );

const nested = (start: string, step: (inner: string) => string, times: number, inner: string) =>
  `${start}.map(a, ${Array.from({ length: times }).reduce((text: string) => step(text), inner)})`;
const RANGE = `[${Array.from({ length: 60 }, (_, i) => i).join(',')}]`;

describe('hostile expressions', () => {
  it.each([
    ['10^9 turns', `${RANGE}.all(a, ${RANGE}.all(b, ${RANGE}.all(c, ${RANGE}.all(d, ${RANGE}.all(e, true)))))`],
    [
      'turns whose error is swallowed',
      `${RANGE}.all(a, ${RANGE}.all(b, ${RANGE}.all(c, a + b + c >= 0) || true) || true)`,
    ],
    ['a text that doubles', nested("['aaaaaaaaaaaaaaaa']", (inner) => `[a + a].map(a, ${inner})`, 40, 'a.size()')],
    ['a list that holds itself twice', nested('[[1]]', (inner) => `[[a, a]].map(a, ${inner})`, 40, 'a == a')],
    ['a list that doubles', nested('[[1]]', (inner) => `[a + a].map(a, ${inner})`, 40, '1 in a')],
    [
      'replacements that multiply',
      nested("['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']", (inner) => `[a.replace('a', a)].map(a, ${inner})`, 6, 'a'),
    ],
  ])('%s ends', (_, text) => {
    const { problem } = evaluate(text);
    expect(problem?.message).toBe('it takes too long');
  });

  it.each([
    ['(a+)+$', true],
    ['(a|aa)*b', false],
    ['(.*)*(.*)*(.*)*(.*)*c', false],
  ])('a pattern that is catastrophic elsewhere is matched in linear time: %s', (pattern, matches) => {
    expect(evaluate(`text.matches('${pattern}')`, { text: 'a'.repeat(20_000) })).toEqual({ value: matches });
  });

  it('patterns with counts that multiply are refused', () => {
    expect(evaluate("'a'.matches('((a{0,100}){0,100}){0,100}')").problem?.message).toContain('repeat');
  });

  it('what is true although a part ran out of its budget is no result', () => {
    const budget = new Budget(100);
    const run = engine.prepare(parse(`true || ${RANGE}.all(a, ${RANGE}.all(b, true))`));
    expect(run({}, new Budget(100))).toEqual({ value: true });
    const other = engine.prepare(parse(`${RANGE}.all(a, ${RANGE}.all(b, true)) || true`));
    expect(other({}, budget).problem?.message).toBe('it takes too long');
    expect(budget.spent).toBe(true);
  });

  it('an honest policy has enough of it', () => {
    const files = Array.from({ length: UNITS / 10 }, (_, i) => ({ path: `/usr/share/file-${i}`, mode: 0o644 }));
    expect(evaluate("files.all(f, f.mode != 2541 && !f.path.startsWith('/root'))", { files })).toEqual({ value: true });
  });
});

describe('values', () => {
  it('keep their order in lists that are made', () => {
    const made = evaluate('[3, 1, 2].filter(x, x > 1).map(x, x * 2) == [6, 4]');
    expect(made).toEqual({ value: true });
    // Made anew each time.
    const run = engine.prepare(parse('[1, 2].map(x, x).size()'));
    expect([run({}).value, run({}).value]).toEqual([2n, 2n]);
  });

  it('have a place when there is none', () => {
    const { problem } = evaluate('a.b.c == 1', { a: { b: {} } });
    expect(problem?.message).toContain('field not found: c');
    expect(problem?.at.start).toBeLessThan(6);
  });

  it.each([
    "int('')",
    "int(' 1')",
    "int('0x10')",
    "int('1.0')",
    "uint('')",
    "uint('-1')",
    "double('')",
    "double('0x1')",
    "double('1e')",
  ])('are not made of a text that is none: %s', (text) => {
    expect(evaluate(text).problem?.message).toMatch(/is no (int|uint|double)/);
  });

  it.each([
    "int('-42') == -42",
    "int('+7') == 7",
    "uint('42') == 42u",
    "double('-1.5e3') == -1500.0",
    "double('2') == 2.0",
  ])('are made of a text as it would be written: %s', (text) => {
    expect(evaluate(text)).toEqual({ value: true });
  });

  it('of parts are noted for an explanation', () => {
    const { noted } = engine.explain(parse("a.tag != 'latest' && a.list.exists(x, x > 1)"), {
      a: toCel({ tag: '1', list: [1, 2, 3] }),
    });
    const text = noted.map(({ node, value }) => [node.kind, value]);
    expect(text).toContainEqual(['select', '1']);
    expect(text).toContainEqual(['call', true]);
  });
});

describe('functions of ours', () => {
  it.each([
    ["ref('nginx').name", 'docker.io/library/nginx'],
    ["ref('nginx').tag", 'latest'],
    ["ref('nginx@sha256:aa').tag", ''],
    ["ref('registry.example:5000/a/b:1').registry", 'registry.example:5000'],
    ["ref('registry.example:5000/a/b').repository", 'a/b'],
    ['image.ref().digest', 'sha256:bb'],
    ["semver('v1.2.3-rc.1').prerelease", 'rc.1'],
    ["semver('1.27').satisfies('>=1.26 <2')", true],
    ["semver('1.10.0').compareTo(semver('1.9.0'))", 1n],
    ["cap('net_admin') + cap('CAP_CHOWN')", 'CAP_NET_ADMINCAP_CHOWN'],
    ["ip('10.1.2.3').within('10.0.0.0/8') && !ip('11.0.0.1').isPrivate() && ip('::1').isLoopback()", true],
    ["path.under('/a/b', '/a') && path.under('/a', '/a') && path.under('/x', '/')", true],
    ["path.under('/ab', '/a') || path.under('/a/../etc', '/a')", false],
    ["glob('docker.io/library/*', 'docker.io/library/nginx:1')", true],
  ])('%s', (text, wanted) =>
    expect(evaluate(text, { image: { reference: 'a/b@sha256:bb' } })).toEqual({ value: wanted }),
  );

  it.each([
    ["ref('A B')", 'no image reference'],
    ["semver('x').major", 'no version'],
    ["semver('1').satisfies('not a range !')", 'no range of versions'],
    ["cap('NET_ADMN')", 'did you mean "NET_ADMIN"'],
    ["ip('1.2.3')", 'no address'],
    ["ip('1.2.3.4').within('1.2.3.4/33')", 'no range of addresses'],
    ["path.under('a', '/')", 'absolute'],
  ])('%s is an error, not false', (text, wanted) => expect(evaluate(text).problem?.message).toContain(wanted));
});
