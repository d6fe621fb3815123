// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { changed, policyChanges } from '../../src/policies/diff.ts';
import { loadPolicy } from '../../src/policies/index.ts';
import { Evaluator } from '../../src/policies/rules/evaluate.ts';
import { completed } from '../../src/policies/rules/inputs.ts';
import { filesIo, policy } from './files.ts';

const load = (text: string) => loadPolicy('/p/a.yaml', filesIo({ 'a.yaml': policy(text) }));
const changes = async (before: string, after: string) =>
  policyChanges(await load(before), await load(after)).map(
    ({ section, name, direction }) => `${direction} ${section} ${name}`,
  );

describe('a change of a policy', () => {
  it.each([
    ['memory', 'run: {memory: 1Gi}', 'run: {memory: 512Mi}', ['tighter run memory']],
    ['a capability', 'run: {capabilities: [CHOWN]}', 'run: {capabilities: [CHOWN, KILL]}', ['looser run capabilities']],
    ['one for another', 'run: {capabilities: [CHOWN]}', 'run: {capabilities: [KILL]}', ['looser run capabilities']],
    ['a ceiling', 'run: {memory: 1Gi}', 'run: {memory: 1Gi, ceilings: {memory: 2Gi}}', ['looser ceilings memory']],
    ['a rule more', '', 'rules: [{id: a, target: image, require: "true"}]', ['tighter rules a']],
    ['a rule less', 'rules: [{id: a, target: image, require: "true"}]', '', ['looser rules a']],
    [
      'a rule that only warns',
      'rules: [{id: a, target: image, require: "true"}]',
      'rules: [{id: a, target: image, require: "true", enforcement: warn}]',
      ['looser rules a'],
    ],
    [
      'another expression',
      'rules: [{id: a, target: image, require: "true"}]',
      'rules: [{id: a, target: image, require: "1 == 1"}]',
      ['other rules a'],
    ],
    [
      'another message',
      'rules: [{id: a, target: image, require: "true"}]',
      'rules: [{id: a, target: image, require: "true", message: x}]',
      [],
    ],
    ['a parameter', 'parameters: {x: {default: 1}}', 'parameters: {x: {default: 2}}', ['other parameters x']],
    ['nothing', 'run: {memory: 1Gi}', 'run: {memory: 1024Mi}', []],
  ])('is told: %s', async (_, before, after, wanted) =>
    expect(await changes(`${before}\n`, `${after}\n`)).toEqual(wanted),
  );

  it('of what is decided is told by input', async () => {
    const body = (words: string) =>
      `rules: [{id: a, target: image, require: "image.ref().tag != 'latest'"${words}}, {id: b, target: image, require: "true"}]\n`;
    const evaluator = async (words: string) => new Evaluator((await load(body(words))).book, 0);
    const subject = (reference: string) => ({
      target: 'image' as const,
      name: reference,
      facts: completed('image', { reference }),
    });
    const [strict, loose] = [await evaluator(''), await evaluator(', enforcement: warn')];
    expect(changed(strict, loose, subject('nginx:latest'))).toEqual({
      name: 'nginx:latest',
      from: 'deny',
      to: 'warn',
      rules: ['a'],
    });
    expect(changed(strict, loose, subject('nginx:1'))).toBe(undefined);
  });
});
