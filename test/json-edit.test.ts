// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { SecureError } from '../src/errors.ts';
import { jsonValue, removeJson, setJson } from '../src/json-edit.ts';
import { scanJson } from '../src/json-scan.ts';
import { random } from './support/random.ts';

const FILE = 'daemon.json';
const problem = (call: () => unknown): { code: string; line?: number | undefined; column?: number | undefined } => {
  try {
    call();
  } catch (error) {
    const { code, position } = error as SecureError;
    return { code, line: position?.line, column: position?.column };
  }
  throw new Error('it was accepted');
};

describe('reading', () => {
  it.each([
    ['{"a": 1,}', 1, 9],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{"a": 1} x', 1, 10],
    ['{"a": tru}', 1, 7],
    ["{'a': 1}", 1, 2],
    ['{"a": "\t"}', 1, 7],
    ['{"a": 01}', 1, 8],
    ['{"a" 1}', 1, 6],
    ['{"a": [1, 2', 1, 12],
    ['// comment\n{}', 1, 1],
    ['', 1, 1],
  ])('says where %j is wrong', (text, line, column) => {
    expect(problem(() => scanJson(text, FILE))).toEqual({ code: 'CONFIG_INVALID', line, column });
    expect(() => JSON.parse(text)).toThrow();
  });

  it('ends at a depth that no configuration has', () => {
    expect(problem(() => scanJson('['.repeat(100_000), FILE)).code).toBe('CONFIG_INVALID');
  });

  it('takes a key that is there twice for a mistake, where it counts', () => {
    const text = '{"runtimes": {}, "log": {"x": 1, "x": 2},\n "runtimes": {}}';
    expect(problem(() => jsonValue(text, FILE, ['runtimes']))).toEqual({ code: 'CONFIG_INVALID', line: 2, column: 2 });
    expect(jsonValue('{"log": {"x": 1, "x": 2}, "y": 1}', FILE, ['y'])).toBe(1);
  });

  it('wants objects on the way', () => {
    expect(problem(() => setJson('{\n"runtimes": []}', FILE, ['runtimes', 'a'], 1))).toEqual({
      code: 'CONFIG_INVALID',
      line: 2,
      column: 13,
    });
    expect(problem(() => jsonValue('[]', FILE, ['a']))).toEqual({ code: 'CONFIG_INVALID', line: 1, column: 1 });
  });
});

describe('changing', () => {
  it('writes as the file is written', () => {
    expect(setJson('{\n    "debug": true\n}\n', FILE, ['runtimes', 'r'], { path: '/r' })).toBe(
      '{\n    "debug": true,\n    "runtimes": {\n        "r": {\n            "path": "/r"\n        }\n    }\n}\n',
    );
    expect(setJson('{"debug": true}', FILE, ['x'], { y: [1] })).toBe('{"debug": true, "x": {"y":[1]}}');
    expect(setJson('{\r\n\t"a": 1\r\n}', FILE, ['b'], { c: 2 })).toBe(
      '{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 2\r\n\t}\r\n}',
    );
    expect(setJson('\uFEFF{ }', FILE, ['a'], 1)).toBe('\uFEFF{\n  "a": 1\n}');
    expect(setJson('{"a" : "x" , "b":2}', FILE, ['a'], 'y')).toBe('{"a" : "y" , "b":2}');
  });

  it('removes a member with its comma', () => {
    const text = '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n';
    expect(removeJson(text, FILE, ['a'])).toBe('{\n  "b": 2,\n  "c": 3\n}\n');
    expect(removeJson(text, FILE, ['b'])).toBe('{\n  "a": 1,\n  "c": 3\n}\n');
    expect(removeJson(text, FILE, ['c'])).toBe('{\n  "a": 1,\n  "b": 2\n}\n');
    expect(removeJson('{ "a": 1 }', FILE, ['a'])).toBe('{}');
    expect(removeJson(text, FILE, ['d'])).toBe(text);
  });
});

it('changes what was asked for and nothing else, in a thousand files', () => {
  const { seed, int, pick } = random();
  const space = () => pick(['', ' ', '\n', '\n  ', '\t', '\r\n']);
  const key = () => pick(['a', 'b', 'runtimes', 'secure', 'default-runtime', 'é"\\', '']);
  const value = (depth: number): string => {
    if (depth > 3 || int(10) < 4)
      return pick(['1', '-0.5e3', 'true', 'null', '"x, }\\" ]"', '"\\u00e9/"', '[]', '[1, {"a": [2]}]']);
    const keys = [...new Set(Array.from({ length: int(4) }, key))];
    const members = keys.map((name) => `${space()}${JSON.stringify(name)}${space()}:${space()}${value(depth + 1)}`);
    return `{${members.join(`${space()},`)}${space()}}`;
  };
  const isObject = (node: unknown) => typeof node === 'object' && node !== null && !Array.isArray(node);
  let done = 0;
  while (done < 1000) {
    const text = `${space()}${value(0)}${space()}`;
    const before = JSON.parse(text) as Record<string, Record<string, unknown>>;
    const [outer, inner] = [key(), key()];
    if (!isObject(before) || (before[outer] !== undefined && !isObject(before[outer]))) continue;
    done += 1;
    const set = setJson(text, FILE, [outer, inner], { p: [1] });
    expect(JSON.parse(set), `seed ${seed}`).toEqual({ ...before, [outer]: { ...before[outer], [inner]: { p: [1] } } });
    expect(Object.keys(JSON.parse(set))).toEqual([...new Set([...Object.keys(before), outer])]);
    const removed = JSON.parse(removeJson(set, FILE, [outer, inner])) as typeof before;
    const { [inner]: _, ...rest } = before[outer] ?? {};
    expect(removed).toEqual({ ...before, [outer]: rest });
    // Everything of before is there still, around what is new.
    if (before[outer]?.[inner] !== undefined || Object.keys(before[outer] ?? before).length === 0) continue;
    let start = 0;
    while (start < text.length && text[start] === set[start]) start += 1;
    expect(set.endsWith(text.slice(start)), `seed ${seed}: ${JSON.stringify([text, set])}`).toBe(true);
  }
});
