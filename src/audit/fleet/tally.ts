// SPDX-License-Identifier: Apache-2.0
// What came of one check in many reports, in a form that does not grow with them.
import { isWaived } from '../score.ts';
import { ANY_KEY, type AnyCheck, type Problem, type Result, type Verdict, type Waiver } from '../types.ts';

/** Of reports in which a problem is these many are named. */
export const NAMED = 20;
/** Problems of one check that are told apart; the others are one. */
const MAX_KEYS = 200;
/** Characters of keys and messages that are kept. */
const MAX_TEXT = 500;
/** Paths that could not be looked at; of more than that nothing is known any more. */
const MAX_UNSEEN = 200;

export const plural = (n: number): string => `${n} ${n === 1 ? 'report' : 'reports'}`;

export const named = (names: readonly string[], all: number): string => {
  const shown = names.slice(0, NAMED).join(', ');
  return all > NAMED ? `${shown} and ${all - NAMED} more` : shown;
};

/** One problem, by its key. */
interface Known {
  readonly message: string;
  reports: number;
  readonly names: string[];
  waived: number;
  /** Of the waivers that whose day is next. */
  waiver: Waiver | undefined;
  /** The report that was counted last, so that each counts once. */
  last: string;
  lastWaived: string;
}

export class Tally {
  check: AnyCheck;
  readonly #keys = new Map<string, Known>();
  readonly #unseen = new Set<string>();
  #pass = 0;
  #unknown = 0;
  #advisory = 0;
  #unknownWhy = '';
  #notApplicableWhy = '';

  constructor(check: AnyCheck) {
    this.check = check;
  }

  #known({ key, message }: Problem): Known {
    const own = key.length > MAX_TEXT ? ANY_KEY : key;
    const there = this.#keys.get(own) ?? (this.#keys.size < MAX_KEYS ? undefined : this.#keys.get(ANY_KEY));
    if (there !== undefined) return there;
    const rest = own === ANY_KEY || this.#keys.size >= MAX_KEYS;
    const text = rest ? 'further problems' : message.slice(0, MAX_TEXT);
    const known: Known = {
      message: text,
      reports: 0,
      names: [],
      waived: 0,
      waiver: undefined,
      last: '',
      lastWaived: '',
    };
    this.#keys.set(rest ? ANY_KEY : own, known);
    return known;
  }

  #problem(problem: Problem, name: string, file: string): void {
    const known = this.#known(problem);
    const { waiver } = problem;
    if (waiver === undefined) {
      if (known.last === file) return;
      known.last = file;
      known.reports += 1;
      if (known.names.length < NAMED) known.names.push(name);
      return;
    }
    if (known.waiver === undefined || waiver.expires < known.waiver.expires) known.waiver = waiver;
    if (known.lastWaived === file) return;
    known.lastWaived = file;
    known.waived += 1;
  }

  /** Its results in one report, over all subjects. @param file tells reports apart; @param name is shown */
  add(results: readonly Result[], name: string, file: string): void {
    let [passed, told] = [false, false];
    for (const result of results) {
      const { verdict, advisory } = result;
      if (verdict.status === 'pass') passed = true;
      else if (verdict.status === 'not-applicable') this.#notApplicableWhy ||= verdict.why.slice(0, MAX_TEXT);
      else if (verdict.status === 'unknown') {
        this.#unknown += 1;
        this.#unknownWhy ||= `${name}: ${verdict.why.slice(0, MAX_TEXT)}`;
      } else if (advisory === true && !isWaived(result)) told = true;
      else {
        for (const problem of verdict.problems) this.#problem(problem, name, file);
        for (const path of verdict.unseen ?? [])
          this.#unseen.add(this.#unseen.size < MAX_UNSEEN && path.length <= MAX_TEXT ? path : ANY_KEY);
      }
    }
    if (told) this.#advisory += 1;
    if (passed) this.#pass += 1;
  }

  /** The worst that came of it anywhere. @param reports how many there are */
  result(reports: number): Result {
    const { check } = this;
    const problem = (message: string, key: string, waiver?: Waiver): Problem => ({
      ...{ message, key, location: { logical: 'fleet' } },
      ...(waiver === undefined ? {} : { waiver }),
    });
    const known = [...this.#keys].sort(([, a], [, b]) => b.reports - a.reports);
    const open = known.flatMap(([key, { message, reports: n, names }]) =>
      n === 0 ? [] : [problem(`${message} (in ${n} of ${plural(reports)}: ${named(names, n)})`, key)],
    );
    const waived = known.flatMap(([key, { message, reports: n, waived: m, waiver }]) =>
      n > 0 || m === 0 ? [] : [problem(`${message} (in ${m} of ${plural(reports)})`, key, waiver)],
    );
    const unseen = this.#unseen.size === 0 ? {} : { unseen: [...this.#unseen] };
    const failed = (problems: readonly Problem[]): Verdict => ({ status: 'fail', problems, ...unseen });
    // Where some could not be told beside what failed, nobody knows whether it failed there in other ways.
    if (open.length > 0) {
      const more = this.#unknown === 0 ? {} : { unseen: [ANY_KEY, ...this.#unseen] };
      return { check, verdict: { ...failed([...open, ...waived]), ...more } };
    }
    if (this.#unknown > 0)
      return {
        check,
        verdict: { status: 'unknown', why: `for ${this.#unknown} in ${plural(reports)}, such as ${this.#unknownWhy}` },
      };
    if (waived.length > 0) return { check, verdict: failed(waived) };
    if (this.#advisory > 0) {
      const told = problem(`it fails in ${this.#advisory} of ${plural(reports)}, and is told only`, ANY_KEY);
      return { check, verdict: failed([told]), advisory: true };
    }
    if (this.#pass > 0) return { check, verdict: { status: 'pass' } };
    return { check, verdict: { status: 'not-applicable', why: this.#notApplicableWhy || 'it applies nowhere' } };
  }
}
