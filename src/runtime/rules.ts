// SPDX-License-Identifier: Apache-2.0
// The policy's rules at run and at build: what they refuse does not start.
import { SecureError } from '../errors.ts';
import type { EffectivePolicy, Source } from '../policies/index.ts';
import { answerOf } from '../policies/rules/answer.ts';
import type { Subject, Verdict } from '../policies/rules/evaluate.ts';
import type { Reason } from './plan/types.ts';

const placed = ({ policy, line }: Source): string => `${policy}:${line}`;

function refusal(refused: readonly Verdict[], name: string): SecureError {
  const [first] = refused as [Verdict];
  const { rule, message, exception, place } = first;
  const expired =
    exception === undefined ? '' : ` (the exception for ${exception.owner} expired on ${exception.expires})`;
  const more = refused
    .slice(1)
    .map((verdict) => `\nalso: ${verdict.rule.id}: ${verdict.message} [${placed(verdict.rule.by)}]`);
  return new SecureError(
    'POLICY_DENIED',
    `${name}: ${rule.id}: ${message}${expired} [${placed(rule.by)}]${more.join('')}`,
    {
      hint: rule.remediation ?? `see what the rule looks at: secure policy explain ${rule.by.policy}`,
      position: {
        file: rule.by.policy,
        line: place?.line ?? rule.by.line,
        ...(place === undefined ? {} : { column: place.column }),
      },
    },
  );
}

function reasonOf({ rule, decision, message, exception }: Verdict): Reason {
  const { policy, line } = rule.by;
  const common = { control: `rule ${rule.id}`, by: { policy, line }, compensatedBy: null };
  if (decision === 'pass')
    return {
      ...common,
      decision: 'holds',
      required: rule.enforcement === 'deny',
      status: 'enforced',
      why: rule.severity,
    };
  if (decision === 'excepted' && exception !== undefined)
    return {
      ...common,
      decision: `excepted until ${exception.expires}`,
      required: false,
      status: 'off',
      why: `${exception.owner}: ${exception.reason}`,
    };
  return { ...common, decision: 'warns', required: false, status: 'unavailable', why: message };
}

/**
 * Hold things against the rules of a policy.
 * @returns what the plan says of it: one entry for each rule that is about them
 * @throws SecureError POLICY_DENIED
 */
export async function enforceRules(
  policy: EffectivePolicy,
  subjects: readonly Subject[],
  now = Date.now(),
): Promise<Reason[]> {
  const targets = new Set(subjects.map(({ target }) => target));
  if (!policy.book.rules.some(({ target }) => targets.has(target))) return [];
  const { Evaluator } = await import('../policies/rules/evaluate.ts');
  const evaluator = new Evaluator(policy.book, now);
  return subjects.flatMap((subject) => {
    const verdicts = evaluator.verdicts(subject).filter(({ decision }) => decision !== 'not-applicable');
    const refused = verdicts.filter((verdict) => answerOf(verdict) === 'deny');
    if (refused.length > 0) throw refusal(refused, subject.name);
    return verdicts.map(reasonOf);
  });
}

/** Lines for who started it: rules that only warn, and exceptions that are made use of. */
export function ruleWarnings(reasons: readonly Reason[]): string[] {
  return reasons
    .filter(({ control, status }) => control.startsWith('rule ') && status !== 'enforced')
    .map(
      ({ control, decision, why, by }) =>
        `${control}: ${decision === 'warns' ? why : `${decision} (${why})`} [${by.policy}:${by.line}]`,
    );
}
