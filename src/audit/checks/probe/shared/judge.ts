// SPDX-License-Identifier: Apache-2.0
// From what the probe tried and saw to verdicts. What it could not try is unknown, and never passes.
import type { ProbeFacts } from '../../../facts/probe.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';
import { notApplicable, PASS, problem, unknown } from '../../../verdicts.ts';

export type ProbeCheck = Check<ProbeFacts, DeepPartial<ProbeFacts>>;

/** For examples: it came through. */
export const ALLOWED = { outcome: 'allowed' } as const;

export const about = ({ name }: ProbeFacts, key: string, message: string): Problem =>
  problem(key, message, { logical: name });

/** What a check found, and what of it nobody could find out. */
export interface Found {
  readonly problems: readonly Problem[];
  /** Reasons, by what could not be looked at. */
  readonly unseen: Readonly<Record<string, string>>;
  /** Undefined: there was something to look at; else why there was not. */
  readonly nothing: string | undefined;
}

/**
 * First steps of ways out.
 * @param what by attempt: what it means that it came through, as the end of a sentence
 */
export function tried(facts: ProbeFacts, what: Readonly<Record<string, string>>): Found {
  const problems: Problem[] = [];
  const unseen: Record<string, string> = {};
  const skipped: string[] = [];
  for (const [name, meaning] of Object.entries(what)) {
    const attempt = Object.hasOwn(facts.attempts, name) ? facts.attempts[name] : undefined;
    if (attempt === undefined) unseen[name] = `the probe did not try ${name}`;
    else if (attempt.outcome === 'allowed') {
      const detail = attempt.detail === '' ? '' : ` (${attempt.detail.slice(0, 160)})`;
      problems.push(about(facts, name, `${name}: ${meaning}${detail}`));
    } else if (attempt.outcome === 'timeout' || attempt.outcome === 'failed')
      unseen[name] = `${name}: ${attempt.detail.slice(0, 160)}`;
    else if (attempt.outcome === 'not-applicable') skipped.push(attempt.detail.slice(0, 160));
  }
  const all = Object.keys(what).length;
  return { problems, unseen, nothing: skipped.length === all ? [...new Set(skipped)].join('; ') : undefined };
}

/** What a section says; a section that is not there is one thing that nobody knows. */
export function seen<K extends keyof ProbeFacts>(
  facts: ProbeFacts,
  section: K,
  look: (value: NonNullable<ProbeFacts[K]>) => readonly Problem[] | string,
): Found {
  const value = facts[section];
  if (value == null) return { problems: [], unseen: { [section]: gap(facts, section) }, nothing: undefined };
  const found = look(value);
  return typeof found === 'string'
    ? { problems: [], unseen: { [section]: found }, nothing: undefined }
    : { problems: found, unseen: {}, nothing: undefined };
}

export const gap = ({ gaps }: ProbeFacts, section: string): string =>
  gaps[section] ?? `the probe did not say anything of ${section}`;

/** One verdict of several looks. */
export function conclude(...found: readonly Found[]): Verdict {
  const problems = found.flatMap((one) => one.problems);
  const unseen = Object.assign({}, ...found.map((one) => one.unseen)) as Record<string, string>;
  const [missing, ...more] = Object.keys(unseen);
  if (problems.length > 0)
    return { status: 'fail', problems, ...(missing === undefined ? {} : { unseen: [missing, ...more] }) };
  if (missing !== undefined) return unknown(Object.values(unseen).join('; '));
  return found.every(({ nothing }) => nothing !== undefined)
    ? notApplicable(found.map(({ nothing }) => nothing).join('; '))
    : PASS;
}
