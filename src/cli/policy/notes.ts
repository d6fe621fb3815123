// SPDX-License-Identifier: Apache-2.0
import type { EffectivePolicy, Exception } from '../../policies/index.ts';
import type { Evaluator } from '../../policies/rules/evaluate.ts';

const named = ({ rule, owner, by }: Exception): string =>
  `${by.policy}:${by.line}: the exception from ${rule} for ${owner}`;

/** What there is to say about exceptions once everything was looked at; a policy without rules holds nothing, and says so. */
export function exceptionNotes(policy: EffectivePolicy, evaluator: Evaluator): string[] {
  if (policy.book.rules.length === 0 && policy.images.length === 0)
    return [`${policy.name} has no rules: nothing was looked at`];
  const { expired, expiring, unused } = evaluator.exceptions();
  return [
    ...expired.map((each) => `${named(each)} expired on ${each.expires}`),
    ...expiring.map((each) => `${named(each)} expires on ${each.expires}`),
    ...unused.map((each) => `${named(each)} was not needed`),
  ];
}
