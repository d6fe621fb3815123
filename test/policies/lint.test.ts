// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { START } from '../../src/cli/policy/start.ts';
import { loadPolicy } from '../../src/policies/index.ts';
import { lintPolicy } from '../../src/policies/lint.ts';
import { filesIo, policy } from './files.ts';

const NOW = Date.UTC(2026, 10, 29);
async function hints(text: string): Promise<string[]> {
  const loaded = await loadPolicy('/p/a.yaml', { ...filesIo({ 'a.yaml': text }), now: NOW });
  return lintPolicy(loaded, NOW).map(({ message, by }) => `${by.line}: ${message}`);
}
const RULE = '{id: a, target: image, require: "image.digest != \'\'", message: x}';
const TEST = 'tests: [{name: t, input: {image: {digest: x}}, expect: {}}]';

describe('policy lint', () => {
  it('has nothing to say of the policy that init writes', async () => expect(await hints(START)).toEqual([]));

  it.each([
    [
      'a short name',
      `rules: [${RULE.replace('message', 'match: "nginx:*", message')}]\n${TEST}`,
      '3: the pattern "nginx:*" matches no image: names are in full, such as "docker.io/library/nginx:*"',
    ],
    [
      'a name without its registry',
      `rules: [${RULE.replace('message', 'match: "acme/app", message')}]\n${TEST}`,
      '3: the pattern "acme/app" matches no image: names are in full, such as "docker.io/acme/app"',
    ],
    [
      'a workload by a short name',
      'workloads: [{match: "app:*", user: "7"}]',
      '3: the pattern "app:*" matches no image',
    ],
    [
      'a parameter that nothing uses',
      `parameters: {unused: {default: 1}}\nrules: [${RULE}]\n${TEST}`,
      '3: no rule uses params.unused',
    ],
    ['a rule without words', `rules: [${RULE.replace(', message: x', '')}]\n${TEST}`, '3: the rule a has no message'],
    [
      'a rule that looks at nothing',
      `rules: [${RULE.replace(/require: "[^"]*"/, 'require: "true"')}]\n${TEST}`,
      '3: the rule a decides the same whatever it looks at',
    ],
    ['rules without tests', `rules: [${RULE}]`, '3: there are rules, and no tests'],
    [
      'a target without tests',
      `rules: [${RULE}, {id: b, target: plan, require: "plan.root.readonly", message: x}]\n${TEST}`,
      '3: no test is about a plan, which b is for',
    ],
    [
      'an exception that expired',
      `rules: [${RULE}]\nexceptions: [{rule: a, owner: team, reason: "a good reason", expires: 2026-11-28}]\n${TEST}`,
      '4: the exception from a for team expired on 2026-11-28',
    ],
    [
      'one that soon will',
      `rules: [${RULE}]\nexceptions: [{rule: a, owner: team, reason: "a good reason", expires: 2026-12-08}]\n${TEST}`,
      '4: the exception from a for team expires on 2026-12-08',
    ],
    [
      'a workload that never counts',
      'workloads: [{match: "x.io/a:*", user: "7"}, {match: "x.io/a:*", user: "8"}]',
      '3: "x.io/a:*" has a workload already, at /p/a.yaml:3',
    ],
  ])('finds %s', async (_, body, wanted) => {
    const found = await hints(policy(`${body}\n`));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(wanted);
  });

  it.each(['localhost/app:*', 'ghcr.io/**', '*/app', '**', '*.example.org/x'])(
    'takes %s for a name in full',
    async (pattern) =>
      expect(
        await hints(policy(`rules: [${RULE.replace('message', `match: "${pattern}", message`)}]\n${TEST}\n`)),
      ).toEqual([]),
  );
});
