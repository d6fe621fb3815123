// SPDX-License-Identifier: Apache-2.0
// The evaluator behind our interface. Imported only when a policy has expressions: it takes 40 ms.
import {
  type CelEnv,
  type CelFunc,
  type CelInput,
  CelScalar,
  type CelValue,
  celEnv,
  celFunc,
  celList,
  celMap,
  celUint,
  isCelError,
  plan,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { Registry } from '@bufbuild/protobuf';
import { CelProblem, type Node, type Span } from './ast.ts';
import { Budget } from './budget.ts';
import { APPENDED, lower, NEW_LIST, NOTED, ROOM, TURN, WEIGHED } from './lower.ts';

export type Variables = Readonly<Record<string, CelInput>>;

/** The value of an expression, or why it has none. */
export type Outcome =
  | { readonly value: CelValue; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: CelProblem };

/** What a part of an expression was, when it was looked at last. */
export interface Noted {
  readonly node: Node;
  readonly value: CelValue;
}

export interface EngineOptions {
  readonly funcs?: readonly CelFunc[];
  readonly registry?: Registry;
  readonly namespace?: string;
}

const { BOOL, DOUBLE, DYN, INT, STRING, UINT } = CelScalar;

/** What a text has to be, as a literal of the language is written (langdef.md, "Type Conversions"). */
function written(text: string, form: RegExp, what: string): string {
  if (form.test(text)) return text;
  throw new Error(`${JSON.stringify(text.slice(0, 64))} is no ${what}`);
}
const LARGEST = { int: 2n ** 63n - 1n, least: -(2n ** 63n), uint: 2n ** 64n - 1n };
function within(value: bigint, least: bigint, most: bigint, what: string): bigint {
  if (value >= least && value <= most) return value;
  throw new Error(`${value} is too large for ${what}`);
}

/** The library's take what JavaScript does: '' and ' ' for 0, '0x10' for 16. */
const NUMBERS = [
  celFunc('int', [STRING], INT, (text) =>
    within(BigInt(written(text, /^[+-]?\d+$/, 'int')), LARGEST.least, LARGEST.int, 'int'),
  ),
  celFunc('uint', [STRING], UINT, (text) =>
    celUint(within(BigInt(written(text, /^\+?\d+$/, 'uint')), 0n, LARGEST.uint, 'uint')),
  ),
  celFunc('double', [STRING], DOUBLE, (text) =>
    Number(written(text, /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity|inf|NaN)$/, 'double')),
  ),
] as unknown as readonly CelFunc[];

interface Running {
  readonly budget: Budget;
  readonly noted: Map<number, CelValue> | undefined;
}

/** Evaluates expressions of one set of functions. One evaluation at a time. */
export class Engine {
  readonly #env: CelEnv;
  readonly #names: ReadonlySet<string>;
  /** Lists that are being made, by what the evaluator sees of them. */
  readonly #lists = new WeakMap<object, CelValue[]>();
  #running: Running | undefined;

  constructor({ funcs = [], registry, namespace }: EngineOptions = {}) {
    const own = [...strings, ...NUMBERS, ...funcs];
    this.#names = new Set(own.map(({ name }) => name));
    const options = {
      funcs: [...own, ...this.#watching()],
      ...(registry === undefined ? {} : { registry }),
      ...(namespace === undefined ? {} : { namespace }),
    };
    this.#env = celEnv(options as Parameters<typeof celEnv>[0]);
  }

  isFunction = (name: string): boolean => this.#names.has(name);

  #watching(): CelFunc[] {
    const budget = () => this.#running?.budget as Budget;
    return [
      celFunc(TURN, [BOOL], BOOL, (more) => {
        budget().spend(1);
        return more;
      }),
      celFunc(WEIGHED, [DYN], DYN, (value) => {
        budget().weigh(value);
        return value as CelInput;
      }),
      celFunc(ROOM, [DYN, DYN], DYN, (value, other) => {
        budget().room(value, other);
        return value as CelInput;
      }),
      celFunc(NOTED, [INT, DYN], DYN, (id, value) => {
        this.#running?.noted?.set(Number(id), value as CelValue);
        return value as CelInput;
      }),
      celFunc(NEW_LIST, [], DYN, () => {
        const items: CelValue[] = [];
        const list = celList(items as CelInput[]);
        this.#lists.set(list, items);
        return list;
      }),
      celFunc(APPENDED, [DYN, DYN], DYN, (list, value) => {
        this.#lists.get(list as object)?.push(value as CelValue);
        return list as CelInput;
      }),
    ] as unknown as CelFunc[];
  }

  /** An expression that is ready to be evaluated. */
  prepare(node: Node): (variables: Variables, budget?: Budget) => Outcome {
    const { expr, nodes } = lower(node, this.isFunction, false);
    const run = plan(this.#env, expr);
    return (variables, budget = new Budget()) => this.#run(run, nodes, node, variables, { budget, noted: undefined });
  }

  /** The same, and what its parts were. */
  explain(node: Node, variables: Variables): { readonly outcome: Outcome; readonly noted: readonly Noted[] } {
    const { expr, nodes } = lower(node, this.isFunction, true);
    const noted = new Map<number, CelValue>();
    const outcome = this.#run(plan(this.#env, expr), nodes, node, variables, { budget: new Budget(), noted });
    return { outcome, noted: [...noted].map(([id, value]) => ({ node: nodes[id] as Node, value })) };
  }

  #run(
    run: ReturnType<typeof plan>,
    nodes: readonly Node[],
    whole: Span,
    variables: Variables,
    running: Running,
  ): Outcome {
    this.#running = running;
    try {
      const value = run(variables);
      if (running.budget.spent)
        return {
          problem: new CelProblem(
            'it takes too long',
            whole,
            'it may look at fewer things, or at smaller ones: make several rules of it',
          ),
        };
      if (!isCelError(value)) return { value };
      const at = value.exprId === undefined ? whole : (nodes[Number(value.exprId)] ?? whole);
      return { problem: new CelProblem(value.message, at) };
    } catch (error) {
      return { problem: new CelProblem((error as Error).message, whole) };
    } finally {
      this.#running = undefined;
    }
  }
}

/** Facts as the language sees them: whole numbers are integers, what is undefined is not there. */
export function toCel(value: unknown): CelInput {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return celList(value.map(toCel));
  if (typeof value !== 'object' || value === null) return value as CelInput;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return celMap(new Map(entries.map(([name, each]) => [name, toCel(each)])));
}
