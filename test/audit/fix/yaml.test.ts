// SPDX-License-Identifier: Apache-2.0
// Values are put where they belong, whatever the form; all else stays byte for byte, and what cannot be done so is refused.
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlEditor } from '../../../src/audit/fix/yaml.ts';
import type { SecureError } from '../../../src/errors.ts';
import { random } from '../../support/random.ts';

const edit = (at: string, value: string | boolean | readonly string[], line = 1, instead: readonly string[] = []) =>
  ({ kind: 'yaml', line, at, value, instead }) as const;
const set = (text: string, ...edits: readonly ReturnType<typeof edit>[]): string => yamlEditor(text, edits);

describe('a value', () => {
  it.each([
    ['behind the others', 'a: 1\nb: 2\n', '/c', 'a: 1\nb: 2\nc: true\n'],
    ['without a line break at the end', 'a: 1', '/c', 'a: 1\nc: true'],
    ['with line breaks of Windows', 'a: 1\r\nb: 2\r\n', '/c', 'a: 1\r\nb: 2\r\nc: true\r\n'],
    ['below, as deep as it stands in', 'a:\n    b: 1\nz: 1\n', '/a/c', 'a:\n    b: 1\n    c: true\nz: 1\n'],
    ['with what is missing on the way', 'a: 1\n', '/b/c/d', 'a: 1\nb:\n  c:\n    d: true\n'],
    ['in an item of a list', 'a:\n- n: 1\n  m: 2\n- n: 2\n', '/a/0/c', 'a:\n- n: 1\n  m: 2\n  c: true\n- n: 2\n'],
    [
      'behind a nested list',
      'a:\n  b:\n    - 1\n    - 2\nz: 1\n',
      '/a/c',
      'a:\n  b:\n    - 1\n    - 2\n  c: true\nz: 1\n',
    ],
    [
      'behind a text of lines',
      'a:\n  b: |\n    x\n    y\nz: 1\n',
      '/a/c',
      'a:\n  b: |\n    x\n    y\n  c: true\nz: 1\n',
    ],
    [
      'behind comments that belong there',
      'a:\n  b: 1 # one\n  # two\n\n# three\nz: 1\n',
      '/a/c',
      'a:\n  b: 1 # one\n  # two\n  c: true\n\n# three\nz: 1\n',
    ],
    ['behind a key without a value', 'a:\n  b:\nz: 1\n', '/a/c', 'a:\n  b:\n  c: true\nz: 1\n'],
    ['for a key without one', 'a:\n  c: # why\nz: 1\n', '/a/c', 'a:\n  c: true # why\nz: 1\n'],
    ['for null', 'a: {c: null, d: ~}\n', '/a/c', 'a: {c: true, d: ~}\n'],
    ['below a key without one', 'a:\nz: 1\n', '/a/c/d', 'a: {"c":{"d":true}}\nz: 1\n'],
    ['instead of another', 'a: {c: "false"} # x\n', '/a/c', 'a: {c: true} # x\n'],
    ['in braces', 'a: {b: 1}\n', '/a/c', 'a: {b: 1, c: true}\n'],
    ['in empty braces', 'a: {}\n', '/a/c', 'a: {"c": true}\n'],
    ['in JSON', '{"a": {"b": 1}}\n', '/a/c/d', '{"a": {"b": 1, "c": {"d":true}}}\n'],
    [
      'in JSON of lines',
      '{\n  "a": {\n    "b": 1\n  }\n}\n',
      '/a/c',
      '{\n  "a": {\n    "b": 1,\n    "c": true\n  }\n}\n',
    ],
    ['with a comma at the end', 'a: {b: 1, }\n', '/a/c', 'a: {b: 1, c: true, }\n'],
  ])('is put %s', (_, text, at, expected) => {
    const made = set(text, edit(at, true));
    expect(made).toBe(expected);
    expect(set(made, edit(at, true))).toBe(made);
  });

  it('goes into the document of its line', () => {
    const text = '# first\na: 1\n---\n# second\na: 2\n--- # third\na: 3\n';
    expect(set(text, edit('/c', true, 5))).toBe('# first\na: 1\n---\n# second\na: 2\nc: true\n--- # third\na: 3\n');
    expect(set(text, edit('/c', true, 7))).toBe('# first\na: 1\n---\n# second\na: 2\n--- # third\na: 3\nc: true\n');
  });
});

describe('an item', () => {
  const nnp = (instead: readonly string[] = []) => edit('/s', ['no-new-privileges:true'], 1, instead);
  it.each([
    ['to a list', 's:\n  - a=b # x\n  # y\nz: 1\n', 's:\n  - a=b # x\n  # y\n  - no-new-privileges:true\nz: 1\n'],
    ['to a list that stands as far in as its key', 's:\n- a\nz: 1\n', 's:\n- a\n- no-new-privileges:true\nz: 1\n'],
    ['to one in brackets', 's: [a]\n', 's: [a, "no-new-privileges:true"]\n'],
    ['to an empty one', 's: []\n', 's: ["no-new-privileges:true"]\n'],
    ['to none', 'a: 1\n', 'a: 1\ns:\n  - no-new-privileges:true\n'],
    ['to a key without one', 's:\nz: 1\n', 's: ["no-new-privileges:true"]\nz: 1\n'],
  ])('is added %s', (_, text, expected) => {
    expect(set(text, nnp())).toBe(expected);
  });

  it('takes the place of its opposite', () => {
    const off = ['no-new-privileges:false'];
    expect(set('s:\n  - a\n  - no-new-privileges:false # x\n  - b\n', nnp(off))).toBe(
      's:\n  - a\n  - no-new-privileges:true # x\n  - b\n',
    );
  });
});

describe('many in one document', () => {
  const pod = (more: string): string =>
    `spec:\n  containers:\n${Array.from({ length: 2000 }, (_, i) => `  - name: c${i}\n    s:\n      a: 1\n${more}`).join('')}`;

  it('are made by one reading', () => {
    const edits = Array.from({ length: 2000 }, (_, i) => edit(`/spec/containers/${i}/s/b`, true));
    expect(set(pod(''), ...edits)).toBe(pod('      b: true\n'));
  });

  it('beside more aliases than are compared are refused', () => {
    const text = `x: &x {a: b}\ns:\n${'  - *x\n'.repeat(200)}c: 1\n`;
    for (const edits of [[edit('/d', true)], [edit('/d', true), edit('/c', true)]])
      expect(() => set(text, ...edits)).toThrow(expect.objectContaining({ code: 'FIX_REFUSED' }));
  });

  it('that need one reading each are refused', () => {
    const edits = Array.from({ length: 2000 }, (_, i) => edit(`/spec/containers/0/new/k${i}`, true));
    expect(() => set(pod(''), ...edits)).toThrow('there is too much to repair at once');
  });
});

it('of random documents every line stays, and the value is where it should be', () => {
  const { seed, int, pick } = random();
  const block = (depth: number, pad: string): string[] =>
    ['a', 'b', 'c'].slice(0, 1 + int(3)).flatMap((key) => {
      const comment = int(3) === 0 ? ` # ${int(1000)}` : '';
      const above = int(4) === 0 ? [`${pad}# ${int(1000)}`] : [];
      const blank = int(6) === 0 ? [''] : [];
      if (depth < 3 && int(2) === 0)
        return [...above, `${pad}${key}:${comment}`, ...block(depth + 1, `${pad}${pick(['  ', '    '])}`), ...blank];
      const value = pick(['1', 'text', '"q: #"', '{x: 1}', '[1, 2]', '', '|\n'.concat(`${pad}  line`), 'true']);
      const plain = value.startsWith('|') ? '' : comment;
      return [...above, ...`${pad}${key}: ${value}${plain}`.split('\n'), ...blank];
    });
  let done = 0;
  for (let i = 0; i < 300; i += 1) {
    const text = `${block(0, '').join('\n')}\n`;
    const at = `/${Array.from({ length: 1 + int(4) }, () => pick(['a', 'b', 'new'])).join('/')}`;
    let made: string;
    try {
      made = set(text, edit(at, true));
    } catch (error) {
      expect((error as SecureError).code, `seed ${seed}\n${text}${at}`).toBe('FIX_REFUSED');
      continue;
    }
    done += 1;
    const told = `seed ${seed}\n${text}${at}\n${made}`;
    const value = at
      .slice(1)
      .split('/')
      .reduce<unknown>((one, key) => (one as Record<string, unknown>)[key], parse(made));
    expect(value, told).toBe(true);
    expect(made.match(/# \d+/g), told).toEqual(text.match(/# \d+/g));
    expect(set(made, edit(at, true)), told).toBe(made);
    const lines = made.split('\n');
    expect(text.split('\n').filter((line) => !lines.includes(line)).length, told).toBeLessThanOrEqual(1);
  }
  expect(done).toBeGreaterThan(100);
});

describe('what takes a person', () => {
  it.each([
    ['what other places use, too', 'a: &x\n  b: 1\nz: *x\n', '/a/c', true],
    ['what stands elsewhere', 'x: &x {b: 1}\na: *x\n', '/a/c', true],
    ['a list that is merged in', 'x: &x\n  s: [1]\na:\n  <<: *x\n  b: 1\n', '/a/s', ['y']],
    ['a text where a mapping belongs', 'a: text\n', '/a/c', true],
    ['a list where a value belongs', 'a: [1]\n', '/a', true],
    ['an empty document', '# nothing\n', '/a', true],
    ['a key of several lines', '? a\n: b: 1\n', '/a/b/c', true],
  ] as const)('is %s', (_, text, at, value) => {
    let code: unknown;
    try {
      set(text, edit(at, value));
    } catch (error) {
      code = (error as SecureError).code;
    }
    expect(code).toBe('FIX_REFUSED');
  });
});
