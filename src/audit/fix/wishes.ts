// SPDX-License-Identifier: Apache-2.0
// From what was found to what should be edited: which problems have a repair, and which of those may be done.
import type { Audited } from '../types.ts';
import type { Edit, Fix, FixOptions, Left, Repair } from './types.ts';

/** One edit, and what it is for. */
export interface Wish<E extends Edit = Edit> {
  readonly edit: E;
  readonly repair: Repair;
}
export interface Wishes {
  readonly wishes: readonly Wish[];
  readonly left: readonly Left[];
}

/** The report says what to do. */
export const PERSON = 'this one takes a person';

export const leftOf = ({ id, message }: Repair, why: string, risky = false): Left => ({ id, message, why, risky });

/**
 * What checks say of their own problems. A problem that is waived is left: somebody has taken it on.
 * @param text as `Fix.edits` takes it
 */
export function wishesOf<F>(audited: Audited, facts: F, text: string, { all, only }: FixOptions): Wishes {
  const wishes: Wish[] = [];
  const left: Left[] = [];
  for (const { check, verdict } of audited.results) {
    const fix = check.fix as Fix<F> | undefined;
    if (fix === undefined || only?.has(check.id) === false) continue;
    // A daemon.json that is no JSON is in order for nobody: that it is left has to be said.
    if (verdict.status === 'unknown') left.push({ id: check.id, message: check.title, why: verdict.why, risky: false });
    if (verdict.status !== 'fail') continue;
    for (const problem of verdict.problems) {
      const { target, uri } = audited;
      const repair: Repair = { target, uri, id: check.id, key: problem.key, message: problem.message };
      if (problem.waiver !== undefined) {
        left.push(leftOf(repair, `it is waived until ${problem.waiver.expires}`));
        continue;
      }
      const edits = fix.edits(facts, problem, text);
      const risk = fix.risk ?? edits.find((edit) => edit.risk !== undefined)?.risk;
      if (edits.length === 0) left.push(leftOf(repair, PERSON));
      else if (risk !== undefined && !all) left.push(leftOf(repair, risk, true));
      else wishes.push(...edits.map((edit) => ({ edit, repair })));
    }
  }
  return { wishes, left };
}

export const ofKind = <K extends Edit['kind']>(
  wishes: readonly Wish[],
  kind: K,
): Wish<Extract<Edit, { readonly kind: K }>>[] =>
  wishes.filter((wish): wish is Wish<Extract<Edit, { readonly kind: K }>> => wish.edit.kind === kind);
