// SPDX-License-Identifier: Apache-2.0
// Whether the rules of a file can be meant: its expressions against the schemas of the facts, its exceptions and tests against its rules.
import { didYouMean } from '../../suggest.ts';
import { CelProblem, type Node, type Span } from '../cel/ast.ts';
import { check, checkCondition } from '../cel/check.ts';
import { parse } from '../cel/parse.ts';
import type { Type } from '../cel/types.ts';
import type { Problem } from '../problems.ts';
import type { PolicyFile, Source } from '../types.ts';
import { DAY, dayOf, isDay } from './days.ts';
import { completed, namesOf } from './inputs.ts';
import { withValue } from './parameters.ts';
import type { Setting } from './read.ts';
import { placeOf } from './segments.ts';
import {
  EXCEPTION_DAYS,
  type Exception,
  type Expression,
  type Parameter,
  type ParameterValue,
  type PolicyTest,
  type Rule,
  type RuleBook,
  TARGETS,
  type Target,
} from './types.ts';

/** What is wrong with an expression, in its file. */
function problemAt(
  expression: Expression,
  what: string,
  problem: { message: string; at: Span; hint?: string | undefined },
): Problem {
  const hint = problem.hint === undefined ? {} : { hint: problem.hint };
  return {
    code: 'POLICY_INVALID',
    message: `${what}: ${problem.message}`,
    file: expression.policy,
    ...placeOf(expression, problem.at.start),
    ...hint,
  };
}

const problemOf = (by: Source, message: string, hint?: string): Problem => ({
  code: 'POLICY_INVALID',
  message,
  file: by.policy,
  line: by.line,
  column: by.column,
  ...(hint === undefined ? {} : { hint }),
});

const trees = new Map<string, Node>();

/** Parsed once. @throws CelProblem */
export function treeOf({ text }: Expression): Node {
  const known = trees.get(text);
  if (known !== undefined) return known;
  const tree = parse(text);
  // A process that reviews many policies does not keep them all.
  if (trees.size > 20_000) trees.clear();
  trees.set(text, tree);
  return tree;
}

/** All expressions of a rule. */
export const expressionsOf = ({ when, require, message }: Rule): Expression[] => [
  ...(when === undefined ? [] : [when]),
  require,
  ...message.filter((part) => typeof part !== 'string'),
];

function expressionProblem(
  expression: Expression,
  what: string,
  names: ReadonlyMap<string, Type>,
  condition: boolean,
): Problem[] {
  try {
    const tree = treeOf(expression);
    if (condition) checkCondition(tree, names);
    else check(tree, names);
    return [];
  } catch (error) {
    if (error instanceof CelProblem) return [problemAt(expression, what, error)];
    throw error;
  }
}

function ruleProblems(rules: readonly Rule[], parameters: RuleBook['parameters']): Problem[] {
  const names = new Map<Target, ReadonlyMap<string, Type>>(
    TARGETS.map((target) => [target, namesOf(target, parameters)]),
  );
  return rules.flatMap(({ id, target, when, require, message }) => {
    const known = names.get(target) as ReadonlyMap<string, Type>;
    const parts = message.filter((part) => typeof part !== 'string');
    return [
      ...(when === undefined ? [] : expressionProblem(when, `${id}, when`, known, true)),
      ...expressionProblem(require, `${id}, require`, known, true),
      ...parts.flatMap((part) => expressionProblem(part, `${id}, message`, known, false)),
    ];
  });
}

/** A rule is added, and never replaced: what one of the parents asks for stays. */
function duplicateRules(rules: readonly Rule[], inherited: readonly Rule[]): Problem[] {
  const known = new Map(inherited.map((rule) => [rule.id, rule]));
  const problems: Problem[] = [];
  for (const rule of rules) {
    const other = known.get(rule.id);
    if (other !== undefined)
      problems.push(
        problemOf(
          rule.by,
          `the rule ${rule.id} is there already, at ${other.by.policy}:${other.by.line}`,
          'give it another id: a policy adds rules to those that it extends, and replaces none',
        ),
      );
    known.set(rule.id, rule);
  }
  return problems;
}

const sameKind = (a: ParameterValue, b: ParameterValue) =>
  typeof a === typeof b && Array.isArray(a) === Array.isArray(b);

/** What a value of a parameter goes beyond; undefined: nothing. */
function beyond({ minimum, maximum, allowed }: Parameter, value: ParameterValue): string | undefined {
  if (allowed !== undefined) {
    const wrong = [value].flat().find((each) => !allowed.includes(each as string));
    return wrong === undefined ? undefined : `${JSON.stringify(wrong)} is none of ${allowed.join(', ')}`;
  }
  if (typeof value !== 'number') return 'it may not be set';
  if (minimum === undefined && maximum === undefined) return 'it may not be set';
  if (minimum !== undefined && value < minimum) return `${value} is less than ${minimum}`;
  return maximum !== undefined && value > maximum ? `${value} is more than ${maximum}` : undefined;
}

/** Parameters with what a file sets of them. A value beyond what its declaration allows is a ceiling that is exceeded. */
function settled(
  settings: readonly Setting[],
  inherited: RuleBook['parameters'],
): { parameters: RuleBook['parameters']; problems: Problem[] } {
  const parameters: Record<string, Parameter> = { ...inherited };
  const problems: Problem[] = [];
  for (const { name, value, by } of settings) {
    const declared = inherited[name];
    if (declared === undefined) {
      problems.push(
        problemOf(
          by,
          `none of the policies that this one extends has a parameter ${name}${didYouMean(name, Object.keys(inherited))}`,
        ),
      );
      continue;
    }
    const { policy, line } = declared.setBy ?? declared.by;
    const wrong = sameKind(value, declared.value)
      ? beyond(declared, value)
      : `it is ${Array.isArray(declared.value) ? 'a list' : `a ${typeof declared.value}`}`;
    if (wrong === undefined) parameters[name] = withValue(declared, value, by);
    else
      problems.push({
        ...problemOf(
          by,
          `params.${name}: ${wrong} (${policy}:${line})`,
          'a parameter is set within the minimum, maximum or allowed of its declaration, and of what was set before',
        ),
        code: 'CEILING_EXCEEDED',
      });
  }
  return { parameters, problems };
}

/** Parameters that a file declares: their own default has to be within their own bounds, and the name must be new. */
function parameterProblems(declared: RuleBook['parameters'], inherited: RuleBook['parameters']): Problem[] {
  return Object.entries(declared).flatMap(([name, parameter]) => {
    const other = inherited[name];
    if (other !== undefined)
      return [
        problemOf(
          parameter.by,
          `the parameter ${name} is there already, at ${other.by.policy}:${other.by.line}`,
          `set it: with: { ${name}: … }`,
        ),
      ];
    const bounded =
      parameter.allowed !== undefined || parameter.minimum !== undefined || parameter.maximum !== undefined;
    const wrong = bounded ? beyond(parameter, parameter.value) : undefined;
    return wrong === undefined ? [] : [problemOf(parameter.by, `the default of ${name}: ${wrong}`)];
  });
}

/** @param now milliseconds */
function exceptionProblems(
  exceptions: readonly Exception[],
  rules: readonly Rule[],
  days: number | undefined,
  now: number,
): Problem[] {
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  const most = days ?? EXCEPTION_DAYS;
  return exceptions.flatMap(({ rule, expires, by }) => {
    const named = known.get(rule);
    if (named === undefined)
      return [problemOf(by, `there is no rule ${rule} to be excepted from${didYouMean(rule, known.keys())}`)];
    if (!named.exceptions)
      return [problemOf(by, `the rule ${rule} has no exceptions (${named.by.policy}:${named.by.line})`)];
    if (!isDay(expires)) return [problemOf(by, `there is no day ${expires}`)];
    if (dayOf(expires) > now + most * DAY)
      return [
        problemOf(
          by,
          `the exception from ${rule} expires on ${expires}, more than ${most} days from now`,
          'choose an earlier day, and renew it then; exceptionDays of a policy that has no parent that says less changes how far it may be',
        ),
      ];
    return [];
  });
}

function testProblems(tests: readonly PolicyTest[], rules: readonly Rule[]): Problem[] {
  const ids = new Set(rules.map(({ id }) => id));
  const seen = new Set<string>();
  return tests.flatMap(({ name, now, expect, input, by }) => {
    const problems: Problem[] = [];
    if (seen.has(name)) problems.push(problemOf(by, `two tests are called ${JSON.stringify(name)}`));
    seen.add(name);
    if (now !== undefined && !isDay(now)) problems.push(problemOf(by, `there is no day ${now}`));
    for (const id of [...expect.deny, ...expect.warn, ...expect.excepted])
      if (!ids.has(id))
        problems.push(
          problemOf(
            by,
            `the test ${JSON.stringify(name)} expects a rule ${id}, and there is none${didYouMean(id, ids)}`,
          ),
        );
    const unknown = 'file' in input ? undefined : unknownField(input.target, input.facts);
    if (unknown !== undefined) problems.push(problemOf(by, `the test ${JSON.stringify(name)}: ${unknown}`));
    return problems;
  });
}

/** A field of a test's input that no facts have. */
function unknownField(target: Target, input: unknown): string | undefined {
  const type = namesOf(target, {}).get(target) as Type;
  const look = (given: unknown, wanted: Type): string | undefined => {
    if (typeof given !== 'object' || given === null) return undefined;
    if (Array.isArray(given))
      return given
        .map((each) => look(each, wanted.kind === 'list' ? wanted.of : { kind: 'dyn' }))
        .find((found) => found !== undefined);
    if (wanted.kind !== 'object') return undefined;
    for (const [name, inner] of Object.entries(given)) {
      const field = wanted.fields.get(name);
      if (field === undefined) return `${wanted.name} has no ${name}${didYouMean(name, wanted.fields.keys())}`;
      const found = look(inner, field);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return look(completed(target, input), type);
}

/**
 * What a file makes of the rules that it inherits.
 * @param merged its own and the inherited ones
 * @param now milliseconds
 */
export function checkBook(
  file: PolicyFile,
  merged: RuleBook,
  inherited: RuleBook,
  now: number,
): { book: RuleBook; problems: readonly Problem[] } {
  const { book, settings, tests } = file;
  const { parameters, problems } = settled(settings, inherited.parameters);
  const all = { ...book.parameters, ...parameters };
  return {
    book: { ...merged, parameters: all },
    problems: [
      ...problems,
      ...parameterProblems(book.parameters, inherited.parameters),
      ...duplicateRules(book.rules, inherited.rules),
      ...ruleProblems(book.rules, all),
      ...exceptionProblems(book.exceptions, merged.rules, merged.exceptionDays, now),
      ...testProblems(tests, merged.rules),
    ].sort((a, b) => a.line - b.line || a.column - b.column),
  };
}
