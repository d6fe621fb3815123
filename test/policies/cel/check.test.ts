// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CelProblem } from '../../../src/policies/cel/ast.ts';
import { checkCondition } from '../../../src/policies/cel/check.ts';
import { parse } from '../../../src/policies/cel/parse.ts';
import { listOf, NUMBER, objectOf, STRING } from '../../../src/policies/cel/types.ts';

const names = new Map([
  [
    'image',
    objectOf('image', {
      reference: STRING,
      size: NUMBER,
      layers: listOf(objectOf('image.layers[]', { digest: STRING })),
      labels: { kind: 'map' as const, of: STRING },
      tags: listOf(STRING),
    }),
  ],
]);

function problem(text: string): string | undefined {
  try {
    checkCondition(parse(text), names);
    return undefined;
  } catch (error) {
    if (error instanceof CelProblem) return `${error.at.start}: ${error.message}`;
    throw error;
  }
}

describe('an expression', () => {
  it.each([
    "image.reference.startsWith('a') && image.size > 3",
    "image.layers.all(l, l.digest != '')",
    'image.layers.exists(l, image.layers.exists(m, m.digest == l.digest))',
    "has(image.labels.maintainer) && image.labels['x'] == 'y'",
    "'a' in image.tags || 'b' in image.labels",
    "image.tags.map(t, t + 'x').filter(t, t.size() > 2).size() == 0",
    "image.ref().tag in ['1', '2']",
    "semver(image.labels.version).satisfies('>=1.2') && semver('1').compareTo(semver('2')) < 0",
    'image.size > 1.5 ? true : image.size == 2',
    "path.under(image.reference, '/x') && cap('net_admin') == 'CAP_NET_ADMIN'",
    "ip('10.0.0.1').within('10.0.0.0/8')",
    'image.labels.x == null',
    'image.tags[0] == image.tags[image.size]',
    'dyn(1) == "a"',
  ])('is fine: %s', (text) => expect(problem(text)).toBe(undefined));

  it.each([
    ['imag.size > 1', '0: there is no imag; did you mean "image"?'],
    ['image.szie > 1', '6: image has no szie; did you mean "size"?'],
    ["image.layers.all(l, l.diggest == '')", '22: image.layers[] has no diggest; did you mean "digest"?'],
    ['image.reference', '0: it must be true or false, and is text'],
    ["image.size == 'x'", '11: a number == text can never be meant'],
    ['image.reference > 3', '16: text > a number can never be meant'],
    ['image.reference && true', '0: && takes true or false, and this is text'],
    ["image.tags.contains('x')", '0: contains() is of text, and this is a list of text'],
    ["image.reference.contain('x')", '16: there is no function contain; did you mean "contains"?'],
    ['image.reference.contains()', '16: contains() takes 1 argument, not 0'],
    ['image.reference.contains(3)', '25: contains() takes text, and this is a number'],
    ["contains(image.reference, 'x')", '0: contains() stands behind a dot'],
    ['image.reference.semver() == 1', '16: semver() does not stand behind a dot'],
    ["'x' in image.reference", '7: in takes a list or a map, and this is text'],
    ['3 in image.tags', '0: a number is never in a list of text'],
    ['image.size.all(x, true)', '0: all() goes through a list or a map, and this is a number'],
    ['image.tags.all(image, true)', '11: image has a meaning already'],
    ['image.tags.all(t, t)', '18: all() takes true or false, and this is text'],
    ["image.tags['x'] == ''", '11: a list has numbers, and this is text'],
    ["image.reference + 1 == ''", '16: text + a number can never be meant'],
    ['Foo{a: 1} == 1', '0: there is no type Foo'],
    ['image.reference.x.y', '16: text has no fields'],
    ["image.ref().tg == ''", '12: a reference has no tg; did you mean "tag"?'],
    ["image.size.satisfies('1')", '0: satisfies() is of a version, and this is a number'],
  ])('cannot be meant: %s', (text, wanted) => expect(problem(text)).toBe(wanted));

  it.each([
    ['1 +', '3: the expression ends where a value is missing'],
    ['(1', '2: the expression ends where ) for the one that was opened is missing'],
    ["'abc", '0: the string has no end'],
    ['a = b', '2: = is no operator'],
    ['a & b', '2: & is no operator'],
    ['a b', '2: b cannot stand here'],
    ["'\\q'", '1: \\q is no escape'],
    ['9223372036854775808', '0: 9223372036854775808 is out of range'],
    ['a.', '2: the expression ends where the name of a field is missing'],
    ['x.all(1, true)', '6: the first argument of all() is the name of a variable'],
    ['has(x)', '0: has() takes one field'],
    ['import', '0: import is a reserved word'],
    [`${'('.repeat(65)}1${')'.repeat(65)}`, '64: it is nested deeper than 64'],
    [`${'!'.repeat(70)}true`, '63: it is nested deeper than 64'],
    [`1${'+1'.repeat(70)}`, '131: more than 64 operators stand in a row'],
    [`a${'.b'.repeat(70)}`, '131: more than 64 steps stand in a row'],
    ['1 '.repeat(20_000), '16384: it is longer than 16384 characters'],
    ['"\u0000"', undefined],
  ])('is read or refused: %s', (text, wanted) => {
    let found: string | undefined;
    try {
      parse(text);
    } catch (error) {
      found = `${(error as CelProblem).at.start}: ${(error as CelProblem).message}`;
    }
    expect(found).toBe(wanted);
  });

  it('of many parts joined by || or && is no nesting', () => {
    expect(problem(Array.from({ length: 500 }, (_, i) => `image.size == ${i}`).join(' || '))).toBe(undefined);
  });

  it('whose operators are checked twice at each level takes no time that doubles', () => {
    expect(problem(`image.reference${" + 'x'".repeat(60)} == ''`)).toBe(undefined);
  });
});
