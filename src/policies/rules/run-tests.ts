// SPDX-License-Identifier: Apache-2.0
// The tests of a policy: rules against facts that are written down.
import type { EffectivePolicy, Source } from '../types.ts';
import { type Answer, answerOf } from './answer.ts';
import { dayOf } from './days.ts';
import { type Decision, Evaluator, type Subject, type Verdict } from './evaluate.ts';
import { completed } from './inputs.ts';
import type { PolicyTest } from './types.ts';

export interface TestResult {
  readonly name: string;
  readonly by: Source;
  /** What came out otherwise than expected; empty: nothing. */
  readonly problems: readonly string[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Rules that no test has seen hold, or has seen refuse: nothing is known of them. */
  readonly untested: readonly { readonly rule: string; readonly never: 'held' | 'refused' }[];
}

const kindOf = (verdict: Verdict): Answer | 'excepted' =>
  verdict.decision === 'excepted' ? 'excepted' : answerOf(verdict);

function differences({ expect }: PolicyTest, verdicts: readonly Verdict[]): string[] {
  const problems: string[] = [];
  for (const kind of ['deny', 'warn', 'excepted'] as const) {
    const wanted = new Set(expect[kind]);
    for (const verdict of verdicts) {
      const { rule, decision, message } = verdict;
      if (kindOf(verdict) === kind && !wanted.has(rule.id))
        problems.push(`${rule.id}: ${kind}, which the test does not expect: ${message}`);
      if (kindOf(verdict) !== kind && wanted.has(rule.id))
        problems.push(`${rule.id}: ${kind} was expected, and it is ${decision}${message === '' ? '' : `: ${message}`}`);
    }
    for (const id of wanted)
      if (!verdicts.some(({ rule }) => rule.id === id))
        problems.push(`${id}: ${kind} was expected, and the rule is about another target`);
  }
  return problems;
}

function subjectsOf({ input }: PolicyTest, read: (file: string) => readonly Subject[]): readonly Subject[] {
  if ('file' in input) return read(input.file);
  const { target } = input;
  const facts = completed(target, input.facts);
  const { reference, name } = facts as { reference?: string; name?: string };
  return [{ target, name: reference ?? name ?? '', facts }];
}

const STRICTNESS: readonly (Answer | 'excepted')[] = ['deny', 'warn', 'excepted', 'allow'];

/** Of several things in a file each rule counts by what it says of the one that it likes least. */
function strictest(verdicts: readonly Verdict[]): Verdict[] {
  const rank = (verdict: Verdict): number => STRICTNESS.indexOf(kindOf(verdict));
  const found = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const before = found.get(verdict.rule.id);
    if (before === undefined || rank(verdict) < rank(before)) found.set(verdict.rule.id, verdict);
  }
  return [...found.values()];
}

/**
 * @param now milliseconds: the day of tests that name none
 * @param read what rules are held against in a file, as a review does
 */
export function runTests(policy: EffectivePolicy, now: number, read: (file: string) => readonly Subject[]): TestReport {
  const seen = new Map<string, Set<Decision>>();
  const results = policy.tests.map((test): TestResult => {
    const evaluator = new Evaluator(policy.book, test.now === undefined ? now : dayOf(test.now));
    const verdicts = subjectsOf(test, read).flatMap((subject) => evaluator.verdicts(subject));
    for (const { rule, decision } of verdicts) seen.set(rule.id, (seen.get(rule.id) ?? new Set()).add(decision));
    return { name: test.name, by: test.by, problems: differences(test, strictest(verdicts)) };
  });
  const untested = policy.book.rules.flatMap(({ id }) => {
    const decisions = seen.get(id) ?? new Set<Decision>();
    const refused = decisions.has('fail') || decisions.has('excepted');
    return [
      ...(decisions.has('pass') ? [] : [{ rule: id, never: 'held' as const }]),
      ...(refused ? [] : [{ rule: id, never: 'refused' as const }]),
    ];
  });
  return { results, untested };
}
