// SPDX-License-Identifier: Apache-2.0
// Verdicts, made.
import type { Location, Problem, Verdict } from './types.ts';

export const PASS: Verdict = { status: 'pass' };
export const notApplicable = (why: string): Verdict => ({ status: 'not-applicable', why });
export const unknown = (why: string): Verdict => ({ status: 'unknown', why });
export const fails = (...problems: readonly Problem[]): Verdict => ({ status: 'fail', problems });

/** Passed when nothing is wrong. */
export const verdict = (problems: readonly Problem[]): Verdict =>
  problems.length === 0 ? PASS : { status: 'fail', problems };

export const problem = (key: string, message: string, location: Location): Problem => ({ key, message, location });

/** Text from outside, fit for a sentence on a terminal: printable, quoted, of one line and of bounded length. */
export function quoted(value: unknown): string {
  const text = (JSON.stringify(value) ?? 'nothing').replace(/[^\x20-\x7e]/g, '?');
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
