// SPDX-License-Identifier: Apache-2.0
// Problems that somebody has taken on, until a day. Form, days and patterns are those of the exceptions of policies.
import type { SecureError } from '../errors.ts';
import { PolicyProblems, problemError, type Problem as SourceProblem } from '../policies/problems.ts';
import { DAY, dayOf, isDay, stateOf } from '../policies/rules/days.ts';
import { EXCEPTION_DAYS } from '../policies/rules/types.ts';
import { schemaProblems } from '../policies/schema.ts';
import { readSource, type SourceText } from '../policies/source.ts';
import { matchesReference } from '../policies/workloads.ts';
import { didYouMean } from '../suggest.ts';
import { CHECKS } from './checks/index.ts';
import { readTextFile } from './read-file.ts';
import type { Audited, Problem, Result, Target, Waiver } from './types.ts';
import { validate } from './waivers-form.ts';

const LIMIT = 4 << 20;

/** As the file has it. */
export interface WaiverRule extends Waiver {
  readonly checks: readonly string[];
  readonly target?: Target;
  /** Patterns of names of targets; empty: all. */
  readonly match: readonly string[];
  /** Keys of problems; empty: all. */
  readonly keys: readonly string[];
  readonly file: string;
  readonly line: number;
}

type Tree = Readonly<Record<string, unknown>>;
const many = (value: unknown): readonly string[] => (value === undefined ? [] : ([value].flat() as string[]));

function invalid(source: Pick<SourceText, 'lines'>, problems: readonly SourceProblem[]): SecureError {
  const [first] = problems;
  if (first === undefined) throw new TypeError('invalid needs a problem');
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const error = { ...first, code: 'WAIVERS_INVALID', message: `${first.message}${more}` };
  return problemError([{ hint: 'docs/audit.md shows a file of waivers', ...error }], source.lines);
}

/** Ids of ours that there are not, and days that are none or too far. */
function meaningProblems(source: SourceText, rules: readonly WaiverRule[], days: number, now: number): SourceProblem[] {
  const known = Object.values(CHECKS).flatMap((list) => list.map(({ id }) => id));
  return rules.flatMap(({ checks, expires }, i) => {
    const at = (key: string, message: string): SourceProblem => ({
      ...{ code: 'WAIVERS_INVALID', message, file: source.policy },
      ...source.at(`/waivers/${i}/${key}`),
    });
    const wrong = checks.find((id) => id.startsWith('SEC-') && !known.includes(id));
    if (wrong !== undefined) return [at('check', `there is no check ${wrong}${didYouMean(wrong, known)}`)];
    if (!isDay(expires)) return [at('expires', `there is no day ${expires}`)];
    if (dayOf(expires) > now + days * DAY)
      return [
        at('expires', `it expires on ${expires}, more than ${days} days from now: renew it then, or set exceptionDays`),
      ];
    return [];
  });
}

/**
 * @param text of a file, @param file its name. @param now milliseconds
 * @throws SecureError WAIVERS_INVALID with line and column
 */
export function parseWaivers(text: string, file: string, now: number): WaiverRule[] {
  let source: SourceText;
  try {
    source = readSource(text, file);
  } catch (error) {
    if (error instanceof PolicyProblems) throw invalid(error, error.problems);
    throw error;
  }
  const problems = schemaProblems(source, validate);
  if (problems.length > 0) throw invalid(source, problems);
  const { waivers, exceptionDays } = source.value as { waivers: readonly Tree[]; exceptionDays?: number };
  const rules = waivers.map(
    ({ check, target, match, key, owner, reason, expires }, i): WaiverRule => ({
      checks: many(check),
      ...(target === undefined ? {} : { target: target as Target }),
      match: many(match),
      keys: many(key),
      ...{ owner: String(owner), reason: String(reason), expires: String(expires) },
      ...{ file, line: source.at(`/waivers/${i}`).line },
    }),
  );
  const meaning = meaningProblems(source, rules, exceptionDays ?? EXCEPTION_DAYS, now);
  if (meaning.length > 0) throw invalid(source, meaning);
  return rules;
}

/** @throws SecureError AUDIT_UNREADABLE, WAIVERS_INVALID */
export const readWaivers = (path: string, now: number): WaiverRule[] =>
  parseWaivers(readTextFile(path, LIMIT), path, now);

const isAbout = (rule: WaiverRule, { target, name }: Audited, id: string): boolean =>
  rule.checks.includes(id) &&
  (rule.target === undefined || rule.target === target) &&
  (rule.match.length === 0 || rule.match.some((pattern) => pattern === name || matchesReference(pattern, name)));

const called = ({ file, line, checks, owner }: WaiverRule): string =>
  `${file}:${line}: the waiver of ${checks.join(', ')} for ${owner}`;

/**
 * Problems with the waivers that hold; one that has expired is named in the message. And what there is to say about the waivers:
 * which expired, which soon will, and which were not needed, of those whose check was asked.
 */
export function applyWaivers(
  audited: readonly Audited[],
  rules: readonly WaiverRule[],
  now: number,
): { readonly audited: readonly Audited[]; readonly notes: readonly string[] } {
  const [asked, used] = [new Set<WaiverRule>(), new Set<WaiverRule>()];
  const one = (problem: Problem, about: readonly WaiverRule[]): Problem => {
    const named = about.filter(({ keys }) => keys.length === 0 || keys.includes(problem.key));
    for (const rule of named) used.add(rule);
    const holds = named.find((rule) => stateOf(rule, now) !== 'expired');
    if (holds !== undefined) {
      const { owner, reason, expires } = holds;
      return { ...problem, waiver: { owner, reason, expires } };
    }
    const [old] = named;
    return old === undefined
      ? problem
      : { ...problem, message: `${problem.message} (the waiver by ${old.owner} expired on ${old.expires})` };
  };
  const result = (each: Audited, { check, verdict, ...rest }: Result): Result => {
    const about = rules.filter((rule) => isAbout(rule, each, check.id));
    for (const rule of about) asked.add(rule);
    if (verdict.status !== 'fail' || about.length === 0) return { check, verdict, ...rest };
    return { check, verdict: { ...verdict, problems: verdict.problems.map((found) => one(found, about)) }, ...rest };
  };
  const settled = audited.map((each) => ({ ...each, results: each.results.map((found) => result(each, found)) }));
  const notes = rules.flatMap((rule) => {
    const state = stateOf(rule, now);
    if (state === 'expired') return [`${called(rule)} expired on ${rule.expires}`];
    if (asked.has(rule) && !used.has(rule)) return [`${called(rule)} was not needed`];
    return state === 'ends-soon' ? [`${called(rule)} expires on ${rule.expires}`] : [];
  });
  return { audited: settled, notes };
}
