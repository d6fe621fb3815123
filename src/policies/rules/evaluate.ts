// SPDX-License-Identifier: Apache-2.0
// Rules against facts. What cannot be evaluated is a failure: a rule never holds by accident.

import { type CelInput, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { CelProblem } from '../cel/ast.ts';
import type { Budget } from '../cel/budget.ts';
import { Engine, type Noted, type Outcome, toCel, type Variables } from '../cel/engine.ts';
import { FUNCTIONS } from '../cel/functions.ts';
import { matchesReference } from '../workloads.ts';
import { expressionsOf, treeOf } from './check.ts';
import { stateOf } from './days.ts';
import { placeOf } from './segments.ts';
import type { Exception, Expression, Rule, RuleBook, Target } from './types.ts';

/** What is looked at. */
export interface Subject {
  readonly target: Target;
  /** What patterns of rules and exceptions are held against: the full reference of an image, the path of a file. */
  readonly name: string;
  readonly facts: unknown;
  /** Where it is written. */
  readonly file?: {
    readonly path: string;
    readonly line: number;
    readonly column?: number;
    /** Of the value at a JSON pointer into the document; the nearest parent's where it has none of its own. */
    at?(pointer: string): { readonly line: number; readonly column: number };
  };
}

export type Decision = 'pass' | 'fail' | 'error' | 'excepted' | 'not-applicable';

export interface Verdict {
  readonly rule: Rule;
  readonly decision: Decision;
  /** Of a failure. */
  readonly message: string;
  /** Of an error: where the expression has no value. */
  readonly place?: { readonly line: number; readonly column: number };
  /** The exception that holds, or the one that did until it expired. */
  readonly exception?: Exception;
}

const TEXT_LIMIT = 1000;

/** Everything that rules of one policy are evaluated with. */
export class Evaluator {
  readonly #book: RuleBook;
  readonly #now: number;
  readonly #engine = new Engine({ funcs: FUNCTIONS });
  readonly #prepared = new Map<string, (variables: Variables, budget?: Budget) => Outcome>();
  readonly #used = new Set<Exception>();
  readonly #rules: Partial<Record<Target, readonly Rule[]>>;
  /** Whether a rule looks at attestations. */
  readonly #attested: boolean;
  readonly #common: Variables;

  /** @param now milliseconds since 1970 */
  constructor(book: RuleBook, now: number) {
    this.#book = book;
    this.#now = now;
    this.#rules = Object.groupBy(book.rules, ({ target }) => target);
    this.#attested = this.#rulesOf('image').some((rule) =>
      expressionsOf(rule).some(({ text }) => text.includes('attestations')),
    );
    const params = Object.fromEntries(Object.entries(book.parameters).map(([name, { value }]) => [name, value]));
    this.#common = { params: toCel(params), now: timestampFromMs(now) as CelInput };
  }

  #rulesOf(target: Target): readonly Rule[] {
    return this.#rules[target] ?? [];
  }

  /** What attestations say may be megabytes, which nobody converts for rules that do not look at it. */
  #variables({ target, facts }: Subject): Variables {
    const spared = target === 'image' && !this.#attested;
    return { ...this.#common, [target]: toCel(spared ? { ...(facts as object), attestations: [] } : facts) };
  }

  /** A verdict for each rule about such a thing, in the order of the policy. */
  verdicts(subject: Subject): Verdict[] {
    const variables = this.#variables(subject);
    return this.#rulesOf(subject.target).map((rule) => this.#verdict(rule, subject.name, variables));
  }

  #verdict(rule: Rule, name: string, variables: Variables): Verdict {
    const { match, when, require } = rule;
    if (match.length > 0 && !match.some((pattern) => matchesReference(pattern, name)))
      return { rule, decision: 'not-applicable', message: '' };
    for (const [expression, wanted] of [
      [when, false],
      [require, true],
    ] as const) {
      if (expression === undefined) continue;
      const { value, problem } = this.#evaluate(expression, variables);
      if (problem !== undefined || typeof value !== 'boolean') {
        const message = problem?.message ?? `it is ${shown(value)}, and should be true or false`;
        return this.#failed(
          {
            rule,
            decision: 'error',
            message: `cannot be evaluated: ${message}`,
            place: placeOf(expression, problem?.at.start ?? 0),
          },
          name,
        );
      }
      if (value === wanted) return { rule, decision: wanted ? 'pass' : 'not-applicable', message: '' };
    }
    return this.#failed({ rule, decision: 'fail', message: this.#message(rule, variables) }, name);
  }

  /** An exception counts only where the rule would have failed. */
  #failed(verdict: Verdict, name: string): Verdict {
    const { rule } = verdict;
    const named = this.#book.exceptions.filter(
      (each) =>
        each.rule === rule.id &&
        (each.match.length === 0 || each.match.some((pattern) => matchesReference(pattern, name))),
    );
    const holds = rule.exceptions ? named.find((each) => stateOf(each, this.#now) !== 'expired') : undefined;
    for (const each of named) this.#used.add(each);
    if (holds !== undefined) return { ...verdict, decision: 'excepted', exception: holds };
    const [expired] = named;
    return expired === undefined ? verdict : { ...verdict, exception: expired };
  }

  #evaluate(expression: Expression, variables: Variables): Outcome {
    let run = this.#prepared.get(expression.text);
    if (run === undefined) {
      try {
        run = this.#engine.prepare(treeOf(expression));
      } catch (error) {
        if (error instanceof CelProblem) return { problem: error };
        throw error;
      }
      this.#prepared.set(expression.text, run);
    }
    return run(variables);
  }

  #message({ id, message }: Rule, variables: Variables): string {
    const parts = message.map((part) => {
      if (typeof part === 'string') return part;
      const { value, problem } = this.#evaluate(part, variables);
      return problem === undefined ? shown(value) : `(${problem.message})`;
    });
    const text = parts.join('').slice(0, TEXT_LIMIT);
    return text === '' ? `${id} does not hold` : text;
  }

  /** Why a rule decided as it did: what the parts of its expression were. */
  explain(
    rule: Rule,
    subject: Subject,
  ): {
    readonly expression: Expression;
    readonly noted: readonly { readonly text: string; readonly value: string }[];
  }[] {
    const variables = this.#variables(subject);
    return [rule.when, rule.require]
      .filter((each) => each !== undefined)
      .map((expression) => ({
        expression,
        noted: describe(expression, this.#engine.explain(treeOf(expression), variables).noted),
      }));
  }

  /** Exceptions that no longer hold, that soon will not, and that nothing needed. Ask when everything was looked at. */
  exceptions(): {
    readonly expired: readonly Exception[];
    readonly expiring: readonly Exception[];
    readonly unused: readonly Exception[];
  } {
    const { exceptions } = this.#book;
    const of = (state: ReturnType<typeof stateOf>) => exceptions.filter((each) => stateOf(each, this.#now) === state);
    return {
      expired: of('expired'),
      expiring: of('ends-soon'),
      unused: exceptions.filter((each) => !this.#used.has(each)),
    };
  }
}

const SHOWN_LIMIT = 200;

/** A value as text of one line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(plain(value, 0)) ?? String(value));
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}…` : text;
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (isCelUint(value)) return Number(value.value);
  if (depth > 4) return '…';
  if (isCelList(value)) return [...value].slice(0, 50).map((each) => plain(each, depth + 1));
  if (isCelMap(value))
    return Object.fromEntries([...value].slice(0, 50).map(([name, each]) => [String(name), plain(each, depth + 1)]));
  return typeof value === 'object' && value !== null ? String(value) : value;
}

/** Each part once, the innermost first; what is a name alone says nothing that the part around it does not. */
function describe({ text }: Expression, noted: readonly Noted[]): { text: string; value: string }[] {
  const seen = new Map<string, string>();
  for (const { node, value } of noted.toSorted((a, b) => a.node.end - a.node.start - (b.node.end - b.node.start))) {
    if (isCelMap(value) || node.kind === 'ident') continue;
    seen.set(text.slice(node.start, node.end), typeof value === 'string' ? JSON.stringify(shown(value)) : shown(value));
  }
  return [...seen].map(([part, value]) => ({ text: part, value }));
}
