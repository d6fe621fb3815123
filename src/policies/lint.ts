// SPDX-License-Identifier: Apache-2.0
// What is allowed in a policy, and most likely not meant.
import { walk } from './cel/lower.ts';
import { expressionsOf, treeOf } from './rules/check.ts';
import { stateOf } from './rules/days.ts';
import type { Expression, Rule } from './rules/types.ts';
import type { EffectivePolicy, Source } from './types.ts';

export interface Hint {
  readonly message: string;
  readonly by: Source;
}

/** Names of images are held against patterns in full, so a short name matches nothing. */
function shortPattern(pattern: string): string | undefined {
  const [first = ''] = pattern.split('/');
  if (pattern.includes('/') ? first === 'localhost' || /[.:*]/.test(first) : pattern.startsWith('*')) return undefined;
  const full = pattern.includes('/') ? `docker.io/${pattern}` : `docker.io/library/${pattern}`;
  return `the pattern ${JSON.stringify(pattern)} matches no image: names are in full, such as ${JSON.stringify(full)}`;
}

/** Whether nothing of the facts, nor a parameter, has a part in it. */
const isConstant = (expression: Expression): boolean =>
  ![...walk(treeOf(expression))].some(({ kind }) => kind === 'ident' || kind === 'call');

/** @param now milliseconds */
export function lintPolicy({ book, workloads, images, tests }: EffectivePolicy, now: number): Hint[] {
  const hints: Hint[] = [];
  const say = (by: Source, message: string) => hints.push({ by, message });
  const own = ({ by }: { readonly by: Source }) => !by.policy.startsWith('builtin:');
  const used = new Set(
    book.rules
      .flatMap(expressionsOf)
      .flatMap((each) =>
        [...walk(treeOf(each))].flatMap((node) =>
          node.kind === 'select' && node.operand.kind === 'ident' && node.operand.name === 'params' ? [node.field] : [],
        ),
      ),
  );
  for (const [name, parameter] of Object.entries(book.parameters))
    if (!used.has(name)) say(parameter.by, `no rule uses params.${name}`);
  // What is in a file is not looked at here.
  const tested = new Set(tests.map(({ input }) => ('file' in input ? undefined : input.target)));
  for (const rule of book.rules) {
    if (rule.message.length === 0)
      say(rule.by, `the rule ${rule.id} has no message: whoever it refuses sees its expression only`);
    if (isConstant(rule.require)) say(rule.by, `the rule ${rule.id} decides the same whatever it looks at`);
    if (rule.target === 'image') for (const pattern of rule.match) hints.push(...patternHints(pattern, rule.by));
    if (tests.length > 0 && !tested.has(undefined) && !tested.has(rule.target))
      say(rule.by, `no test is about a ${rule.target}, which ${rule.id} is for`);
  }
  if (tests.length === 0 && book.rules.length > 0) say((book.rules[0] as Rule).by, 'there are rules, and no tests');
  for (const { match, by } of [...workloads.filter(own), ...images])
    for (const pattern of match) hints.push(...patternHints(pattern, by));
  for (const exception of book.exceptions) {
    const { rule, owner, expires, by } = exception;
    const state = stateOf(exception, now);
    if (state === 'expired')
      say(by, `the exception from ${rule} for ${owner} expired on ${expires}: remove it, or renew it`);
    else if (state === 'ends-soon') say(by, `the exception from ${rule} for ${owner} expires on ${expires}`);
  }
  const named = new Map<string, Source>();
  for (const { match, by } of workloads)
    for (const pattern of match) {
      const other = named.get(pattern);
      if (other !== undefined && own({ by }))
        say(
          by,
          `${JSON.stringify(pattern)} has a workload already, at ${other.policy}:${other.line}, and the first one counts`,
        );
      else named.set(pattern, by);
    }
  return hints.sort((a, b) =>
    a.by.policy === b.by.policy ? a.by.line - b.by.line : a.by.policy < b.by.policy ? -1 : 1,
  );
}

function patternHints(pattern: string, by: Source): Hint[] {
  const message = shortPattern(pattern);
  return message === undefined ? [] : [{ message, by }];
}
