// SPDX-License-Identifier: Apache-2.0
// What several policies say about one parameter, and about rules of one name.
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/policies/index.ts';
import { failure, filesIo, policy } from '../files.ts';

const COMPANY = policy(
  [
    'extends: default',
    'parameters:',
    '  most: {default: 20, maximum: 40}',
    '  least: {default: 20, minimum: 10}',
    '  both: {default: 20, minimum: 10, maximum: 40}',
    '  names: {default: [a, b], allowed: [a, b, c]}',
    '  mode: {default: x, allowed: [x, y, z]}',
  ].join('\n'),
);
const team = (values: string) => policy(`extends: ./company.yaml\nwith: ${values}`);
const load = (extending: string, more: Record<string, string>) =>
  loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(extending), 'company.yaml': COMPANY, ...more }));
const valueIn = async (name: string, extending: string, more: Record<string, string>) =>
  (await load(extending, more)).book.parameters[name];

const TWO = 'extends: [./b.yaml, ./c.yaml]';
const TURNED = 'extends: [./c.yaml, ./b.yaml]';

describe('a parameter that two parents set', () => {
  it.each([
    ['most', '{most: 25}', '{most: 35}', 25, '/p/b.yaml'],
    ['least', '{least: 12}', '{least: 15}', 15, '/p/c.yaml'],
    ['names', '{names: [a, b, c]}', '{names: [b]}', ['b'], '/p/c.yaml'],
    ['names', '{names: [a, b]}', '{names: [b, c]}', ['b'], '/p/b.yaml'],
    // Of two that say the same there is nothing to choose.
    ['mode', '{mode: y}', '{mode: y}', 'y', '/p/b.yaml'],
    // A default is nobody's word, unless it is the tighter one.
    ['mode', '{}', '{mode: z}', 'z', '/p/c.yaml'],
    ['both', '{both: 30}', '{}', 30, '/p/b.yaml'],
    ['most', '{most: 30}', '{}', 20, undefined],
  ])('%s: %s and %s are %j, whatever their order', async (name, b, c, value, setBy) => {
    const files = { 'b.yaml': team(b), 'c.yaml': team(c) };
    const found = await valueIn(name, TWO, files);
    expect(found?.value).toEqual(value);
    expect(found?.setBy?.policy).toBe(setBy);
    expect((await valueIn(name, TURNED, files))?.value).toEqual(value);
  });

  it.each([
    ['both', '{both: 30}', '{both: 35}'],
    ['mode', '{mode: y}', '{mode: z}'],
  ])(
    '%s, of which nothing says what is tighter, is an error that names both, until it is settled',
    async (name, b, c) => {
      const files = { 'b.yaml': team(b), 'c.yaml': team(c) };
      const error = await failure(load(TWO, files));
      expect(error).toMatchObject({ code: 'POLICY_INVALID', position: { file: '/p/a.yaml', line: 3 } });
      expect(error.message).toContain('/p/b.yaml:4');
      expect(error.message).toContain('/p/c.yaml:4');
      expect(error.hint).toContain(`with: { ${name}: … }`);
      const own = name === 'both' ? '40' : 'x';
      expect((await valueIn(name, `${TWO}\nwith: {${name}: ${own}}`, files))?.value).toEqual(own === 'x' ? 'x' : 40);
    },
  );

  it('bounds those who set it next: nobody goes back', async () => {
    const files = { 'b.yaml': team('{most: 25, least: 15, names: [a, b], both: 20}') };
    for (const [values, message] of [
      ['{most: 30}', '30 is more than 25 (/p/b.yaml:4)'],
      ['{least: 12}', '12 is less than 15'],
      ['{names: [a, c]}', '"c" is none of a, b'],
    ] as const) {
      const error = await failure(load(`extends: ./b.yaml\nwith: ${values}`, files));
      expect(error.code).toBe('CEILING_EXCEEDED');
      expect(error.message).toContain(message);
    }
    const { book } = await load('extends: ./b.yaml\nwith: {most: 5, least: 40, names: [], both: 40}', files);
    expect(Object.values(book.parameters).map(({ value }) => value)).toEqual([5, 40, 40, [], 'x']);
  });
});

describe('one name for two things', () => {
  it('is an error: a parameter that two parents declare', async () => {
    const declaring = (value: string) => policy(`extends: default\nparameters:\n  limit: {default: ${value}}`);
    const error = await failure(load(TWO, { 'b.yaml': declaring('1'), 'c.yaml': declaring('[a]') }));
    expect(error.code).toBe('POLICY_INVALID');
    expect(error.message).toContain('the parameter limit is declared twice, at /p/b.yaml:5 and /p/c.yaml:5');
  });

  it('is an error: a rule that two parents have, from one of which there is an exception', async () => {
    const rule = 'extends: default\nrules:\n  - {id: r, target: image, require: "false"}\n';
    const exception = 'exceptions: [{rule: r, owner: a@b, reason: "for no reason", expires: 2026-12-01}]';
    const files = { 'b.yaml': policy(rule + exception), 'c.yaml': policy(rule) };
    const io = { ...filesIo({ 'a.yaml': policy(TWO), ...files }), now: Date.UTC(2026, 10, 20) };
    const error = await failure(loadPolicy('./a.yaml', io));
    expect(error.message).toContain('the rule r is there twice, at /p/b.yaml:5 and /p/c.yaml:5');
  });
});
