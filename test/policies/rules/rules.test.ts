// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadPolicy, validatePolicy } from '../../../src/policies/index.ts';
import { type Decision, Evaluator } from '../../../src/policies/rules/evaluate.ts';
import { completed } from '../../../src/policies/rules/inputs.ts';
import { runTests } from '../../../src/policies/rules/run-tests.ts';
import { TARGETS } from '../../../src/policies/rules/types.ts';
import { failure, filesIo, policy } from '../files.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const io = (files: Record<string, string>) => ({ ...filesIo(files), now: NOW });
const load = (body: string, more: Record<string, string> = {}) =>
  loadPolicy('/p/a.yaml', io({ 'a.yaml': policy(body), ...more }));
const problems = async (body: string, more: Record<string, string> = {}) =>
  (await validatePolicy('/p/a.yaml', io({ 'a.yaml': policy(body), ...more }))).problems;

const rule = (fields: string) => `rules: [{id: r, target: image, ${fields}}]\n`;
async function decide(body: string, image: object, now = NOW, more: Record<string, string> = {}) {
  const { book } = await load(body, more);
  const facts = completed('image', image) as { reference: string };
  const evaluator = new Evaluator(book, now);
  const verdicts = evaluator.verdicts({ target: 'image', name: facts.reference, facts });
  return {
    evaluator,
    verdicts,
    decisions: verdicts.map(({ rule: { id }, decision }): [string, Decision] => [id, decision]),
  };
}

describe('rules', () => {
  it('hold, refuse, or are about others', async () => {
    const body = [
      'rules:',
      '  - {id: pinned, target: image, require: "image.ref().tag != \'latest\'", message: "pin {{ image.ref().name }} ({{ 1 + 1 }})"}',
      '  - {id: only-a, target: image, match: "ghcr.io/a/**", require: "false"}',
      '  - {id: only-built, target: image, when: "image.origin == \'built\'", require: "false"}',
      '  - {id: file, target: dockerfile, require: "false"}',
    ].join('\n');
    const { decisions, verdicts } = await decide(body, {
      reference: 'docker.io/library/nginx:latest',
      origin: 'pulled',
    });
    expect(decisions).toEqual([
      ['pinned', 'fail'],
      ['only-a', 'not-applicable'],
      ['only-built', 'not-applicable'],
    ]);
    expect(verdicts[0]?.message).toBe('pin docker.io/library/nginx (2)');
    expect((await decide(body, { reference: 'ghcr.io/a/b:1', origin: 'built' })).decisions).toEqual([
      ['pinned', 'pass'],
      ['only-a', 'fail'],
      ['only-built', 'fail'],
    ]);
  });

  it('that cannot be evaluated do not hold, whatever stands around them', async () => {
    for (const text of [
      "image.config.labels.x == '1'",
      "!(image.config.labels.x == '1')",
      'int(image.reference) > 0',
      'image.config.labels == {}.x',
    ]) {
      const { decisions, verdicts } = await decide(rule(`require: "${text}"`), { reference: 'a/b:1' });
      expect([text, decisions]).toEqual([text, [['r', 'error']]]);
      expect(verdicts[0]?.place).toMatchObject({ line: 3 });
    }
    expect((await decide(rule(`when: "image.config.labels.x == ''", require: "true"`), {})).decisions).toEqual([
      ['r', 'error'],
    ]);
  });

  it('see parameters, and the day', async () => {
    const parent = policy(
      'parameters: {most: {default: 3, maximum: 5}, names: {default: [a], allowed: [a, b]}}\nrules: [{id: layers, target: image, require: "size(image.layers) <= params.most"}]\n',
    );
    const child = (values: string) => `extends: [/p/b.yaml]\nwith: ${values}\n`;
    const image = { reference: 'x/y:1', layers: ['1', '2', '3', '4'] };
    expect((await decide(child('{}'), image, NOW, { 'b.yaml': parent })).decisions).toEqual([['layers', 'fail']]);
    expect((await decide(child('{most: 4}'), image, NOW, { 'b.yaml': parent })).decisions).toEqual([
      ['layers', 'pass'],
    ]);
    for (const [values, message] of [
      ['{most: 6}', '6 is more than 5'],
      ['{most: "x"}', 'it is a number'],
      ['{names: [a, c]}', '"c" is none of a, b'],
      ['{mots: 1}', 'did you mean "most"'],
    ] as const)
      expect((await problems(child(values), { 'b.yaml': parent }))[0]?.message).toContain(message);
    expect((await decide(rule(`require: "now < timestamp('2026-12-01T00:00:00Z')"`), {})).decisions).toEqual([
      ['r', 'pass'],
    ]);
  });
});

describe('exceptions', () => {
  const one = (fields = '', expires = '2026-12-31') =>
    `${rule('require: "image.origin == \'built\'"')}exceptions: [{rule: r, owner: team@x, reason: "a good reason", expires: ${expires}${fields}}]\n`;
  const image = { reference: 'ghcr.io/a/b:1', origin: 'pulled' };

  it('hold for what they name, until their day is over', async () => {
    expect((await decide(one(), image)).decisions).toEqual([['r', 'excepted']]);
    expect((await decide(one(', match: "ghcr.io/a/*"'), image)).decisions).toEqual([['r', 'excepted']]);
    expect((await decide(one(', match: "ghcr.io/c/*"'), image)).decisions).toEqual([['r', 'fail']]);
    const day = Date.UTC(2026, 11, 31, 23, 59, 59);
    expect((await decide(one(), image, day)).decisions).toEqual([['r', 'excepted']]);
    const { decisions, verdicts, evaluator } = await decide(one(), image, day + 1000);
    expect([decisions, verdicts[0]?.exception?.owner]).toEqual([[['r', 'fail']], 'team@x']);
    expect(evaluator.exceptions()).toMatchObject({ expired: [{ rule: 'r' }], expiring: [], unused: [] });
  });

  it('count only where the rule would have refused', async () => {
    const { decisions, evaluator } = await decide(one(), { ...image, origin: 'built' });
    expect(decisions).toEqual([['r', 'pass']]);
    expect(evaluator.exceptions()).toMatchObject({ expired: [], unused: [{ rule: 'r' }] });
    expect((await decide(one('', '2026-12-05'), image)).evaluator.exceptions().expiring).toHaveLength(1);
  });

  it('are refused without an owner, too far ahead, from what has none, and from nothing', async () => {
    for (const [body, message] of [
      [one('', '2027-12-31'), 'more than 90 days'],
      [one('', '2026-02-31'), 'there is no day 2026-02-31'],
      [
        `${rule('exceptions: false, require: "true"')}exceptions: [{rule: r, owner: team@x, reason: "a good reason", expires: 2026-12-31}]\n`,
        'has no exceptions',
      ],
      [one().replace('rule: r', 'rule: rr'), 'no rule rr'],
      [one().replace('owner: team@x, ', ''), 'owner'],
      [one().replace('a good reason', 'x'), 'reason'],
    ] as const)
      expect((await problems(body))[0]?.message).toContain(message);
    expect(await problems(`exceptionDays: 400\n${one('', '2027-12-31')}`)).toEqual([]);
  });

  it('may not be further ahead than the strictest policy says', async () => {
    const parent = policy(`exceptionDays: 10\n${rule('require: "false"')}`);
    const child =
      'extends: [/p/b.yaml]\nexceptionDays: 400\nexceptions: [{rule: r, owner: team@x, reason: "a good reason", expires: 2026-12-31}]\n';
    expect((await problems(child, { 'b.yaml': parent }))[0]?.message).toContain('more than 10 days');
  });
});

describe('what is wrong with a rule', () => {
  /** The text of the file from where the first problem is. */
  async function pointedAt(body: string): Promise<string | undefined> {
    const [problem] = await problems(body);
    expect(problem).toMatchObject({ code: 'POLICY_INVALID' });
    return policy(body)
      .split('\n')
      [(problem?.line ?? 0) - 1]?.slice((problem?.column ?? 0) - 1);
  }

  it.each([
    ['plain', 'require: imag.ref() == 1', 'imag.ref'],
    ['quoted', 'require: \'image.x == "1"\'', 'x == "1"'],
    ['double', 'require: "image.szie == 1"', 'szie'],
    ['escaped', 'require: "image.reference == \\"a\\" || image.szie == 1"', 'szie'],
    ['when', 'when: "image.x", require: "true"', 'x", require'],
    ['message', 'require: "true", message: "a {{ image.digest }} b {{ image.szie }}"', 'szie'],
  ])('has a place: %s', async (_, fields, text) => {
    expect((await pointedAt(rule(fields)))?.slice(0, text.length)).toBe(text);
  });

  it.each([
    ['literal', " |\n      image.digest == '' &&\n        image.szie == 1"],
    ['folded', " >-\n      image.digest == ''\n      && image.szie == 1"],
    ['continued', " image.digest == ''\n      && image.szie == 1"],
    ['quoted', ' "image.digest == \'\'\n      && image.szie == 1"'],
  ])('has a place in a text of several lines: %s', async (_, text) => {
    const body = `rules:\n  - id: r\n    target: image\n    require:${text}\n`;
    expect((await pointedAt(body))?.slice(0, 4)).toBe('szie');
  });

  it('is said of all of them, in the order of the file', async () => {
    const found = await problems(
      'rules:\n  - {id: a, target: image, require: "x"}\n  - {id: b, target: image, require: "1"}\n  - {id: a, target: image, require: "true"}\n',
    );
    expect(found.map(({ line }) => line)).toEqual([4, 5, 6]);
    expect(found[2]?.message).toContain('the rule a is there already');
  });

  it('is that a parent has it: rules are added, and none is replaced', async () => {
    const parent = policy(rule('require: "false"'));
    expect((await problems(`extends: [/p/b.yaml]\n${rule('require: "true"')}`, { 'b.yaml': parent }))[0]).toMatchObject(
      { message: 'the rule r is there already, at /p/b.yaml:3' },
    );
    // One file on two ways is one.
    const middle = policy('extends: [/p/b.yaml]\n');
    const { book } = await load('extends: [/p/c.yaml, /p/d.yaml]\n', {
      'b.yaml': parent,
      'c.yaml': middle,
      'd.yaml': middle,
    });
    expect(book.rules).toHaveLength(1);
  });

  it.each([
    'rules: [{id: A, target: image, require: "true"}]',
    'rules: [{id: a, target: pod, require: "true"}]',
    'rules: [{id: a, target: image}]',
    'rules: [{id: a, target: image, require: true}]',
    'rules: [{id: a, target: image, require: "true", allow: x}]',
    'parameters: {x: {default: 3, maximum: 2}}',
    'tests: [{name: a, input: {image: {}, plan: {}}, expect: {}}]',
    'tests: [{name: a, input: {image: {refrence: x}}, expect: {}}]',
    'tests: [{name: a, input: {image: {}}, expect: {deny: [x]}}]',
    `rules: [{id: a, target: image, require: "${'('.repeat(100)}"}]`,
  ])('refuses the policy: %s', async (body) => {
    expect((await failure(load(`${body}\n`))).position?.line).toBe(3);
  });
});

describe('tests of a policy', () => {
  const body = (tests: string) =>
    `rules:\n  - {id: a, target: image, require: "image.origin == 'built'"}\n  - {id: w, target: image, enforcement: warn, require: "image.digest != ''"}\ntests:\n${tests}`;
  const run = async (tests: string) => runTests(await load(body(tests)), NOW, () => []);

  it('pass when exactly what they expect comes out', async () => {
    const { results, untested } = await run(
      '  - {name: one, input: {image: {origin: pulled}}, expect: {deny: [a], warn: [w]}}\n  - {name: two, input: {image: {origin: built, digest: x}}, expect: {}}\n',
    );
    expect(results.map(({ problems: found }) => found)).toEqual([[], []]);
    expect(untested).toEqual([]);
  });

  it('may be about what is in a file: each rule counts by what it says of the one that it likes least', async () => {
    const policy = await load(
      'rules:\n  - {id: user, target: dockerfile, require: "dockerfile.user != \'\'"}\ntests:\n  - {name: one, input: {file: some}, expect: {deny: [user]}}\n  - {name: two, input: {file: other}, expect: {}}\n',
    );
    const facts = (name: string) => ({ target: 'dockerfile' as const, name, facts: { user: name } });
    const read = (file: string) => (file.endsWith('/some') ? [facts('nobody'), facts('')] : [facts('nobody')]);
    const { results, untested } = runTests(policy, NOW, read);
    expect(results.map(({ problems: found }) => found)).toEqual([[], []]);
    expect(untested).toEqual([]);
  });

  it.each([
    ['{image: {origin: pulled}}', '{deny: [a]}', 'w: warn, which the test does not expect'],
    ['{image: {origin: built, digest: x}}', '{deny: [a]}', 'a: deny was expected, and it is pass'],
    ['{dockerfile: {}}', '{deny: [a]}', 'the rule is about another target'],
  ])('fail otherwise: %s %s', async (input, expected, message) => {
    const { results } = await run(`  - {name: one, input: ${input}, expect: ${expected}}\n`);
    expect(results[0]?.problems.join()).toContain(message);
  });

  it('leave rules that they never saw hold or refuse', async () => {
    expect(
      (await run('  - {name: one, input: {image: {origin: pulled, digest: x}}, expect: {deny: [a]}}\n')).untested,
    ).toEqual([
      { rule: 'a', never: 'held' },
      { rule: 'w', never: 'refused' },
    ]);
  });
});

describe('what a test leaves out', () => {
  it('is nothing, null where facts have null for it, and false where they have that', () => {
    expect(completed('kubernetes', { kind: 'Pod' })).toMatchObject({ name: '', runAsNonRoot: null, hostPID: false });
    expect(completed('compose', { privileged: null })).toMatchObject({
      privileged: null,
      readOnly: false,
      memory: null,
    });
  });
});

it('each target has its facts for tests, and its rules', async () => {
  for (const target of TARGETS) {
    const body = `rules: [{id: r, target: ${target}, require: "true"}]\ntests: [{name: t, input: {${target}: {}}, expect: {}}]\n`;
    expect([target, await problems(body)]).toEqual([target, []]);
  }
});
