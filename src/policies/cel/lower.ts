// SPDX-License-Identifier: Apache-2.0
// From our tree to the one that the evaluator plans (cel.expr.Expr), with what bounds and watches it put in between: every turn of a loop and
// whatever a function works on is counted, and of a trace every value is noted.
import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { childrenOf, type LiteralType, type LiteralValue, type MacroName, type Node } from './ast.ts';

/** Functions of ours; an expression cannot name them. */
export const TURN = '@turn';
export const WEIGHED = '@weighed';
export const ROOM = '@room';
export const NOTED = '@noted';
export const NEW_LIST = '@list';
export const APPENDED = '@appended';

/** What works on values of any size. The others look at numbers and truth values, or at how many there are. */
const FREE = new Set([
  '_&&_',
  '_||_',
  '!_',
  '_?_:_',
  '_[_]',
  '-_',
  '_-_',
  '_*_',
  '_/_',
  '_%_',
  'size',
  'type',
  'dyn',
  '@not_strictly_false',
]);
/** What may give far more than it gets: the product of both. */
const PRODUCTS = new Set(['replace', 'join']);
const ACCUMULATOR = '@result';

const CONSTANT = {
  null: 'nullValue',
  bool: 'boolValue',
  int: 'int64Value',
  uint: 'uint64Value',
  double: 'doubleValue',
  string: 'stringValue',
  bytes: 'bytesValue',
} as const;

export interface Lowered {
  readonly expr: Expr;
  /** Nodes by the ids of the expression. */
  readonly nodes: readonly Node[];
}

/** Only what is read by the evaluator: no message of the library's is made, which costs more than to parse. */
const made = (id: number, kind: string, value: unknown): Expr =>
  ({ id: BigInt(id), exprKind: { case: kind, value } }) as unknown as Expr;

class Lowering {
  readonly nodes: Node[] = [];
  readonly #noted: boolean;
  readonly #isFunction: (name: string) => boolean;

  constructor(noted: boolean, isFunction: (name: string) => boolean) {
    this.#noted = noted;
    this.#isFunction = isFunction;
  }

  lower(node: Node): Expr {
    const expr = this.#plain(node);
    const shown = node.kind === 'ident' || node.kind === 'select' || node.kind === 'call' || node.kind === 'macro';
    return this.#noted && shown ? this.#note(expr, node) : expr;
  }

  #id(node: Node): number {
    return this.nodes.push(node) - 1;
  }

  #note(expr: Expr, node: Node): Expr {
    const id = this.#id(node);
    return this.#call(node, NOTED, [this.#constant(node, 'int', BigInt(id)), expr]);
  }

  #call(node: Node, name: string, args: readonly Expr[], target?: Expr): Expr {
    return made(this.#id(node), 'callExpr', { function: name, args, target });
  }

  #constant(node: Node, type: LiteralType, value: LiteralValue): Expr {
    return made(this.#id(node), 'constExpr', { constantKind: { case: CONSTANT[type], value } });
  }

  #ident(node: Node, name: string): Expr {
    return made(this.#id(node), 'identExpr', { name });
  }

  #plain(node: Node): Expr {
    switch (node.kind) {
      case 'literal':
        return this.#constant(node, node.type, node.value);
      case 'ident':
        return this.#ident(node, node.name);
      case 'select':
        // Unnoted below: a chain of names may be one name.
        return made(this.#id(node), 'selectExpr', {
          operand: this.#chain(node.operand),
          field: node.field,
          testOnly: node.test,
        });
      case 'list':
        return made(this.#id(node), 'listExpr', {
          elements: node.elements.map((each) => this.lower(each)),
          optionalIndices: [],
        });
      case 'map': {
        const entries = node.entries.map(({ key, value }) => ({
          keyKind: { case: 'mapKey', value: this.lower(key) },
          value: this.lower(value),
          optionalEntry: false,
        }));
        return made(this.#id(node), 'structExpr', { messageName: '', entries });
      }
      case 'message': {
        const entries = node.fields.map(({ name, value }) => ({
          keyKind: { case: 'fieldKey', value: name },
          value: this.lower(value),
          optionalEntry: false,
        }));
        return made(this.#id(node), 'structExpr', { messageName: node.name, entries });
      }
      case 'call':
        return this.#callOf(node);
      case 'macro':
        return this.#macro(node);
    }
  }

  #chain(node: Node): Expr {
    return node.kind === 'ident' || node.kind === 'select' ? this.#plain(node) : this.lower(node);
  }

  #callOf(node: Node & { kind: 'call' }): Expr {
    const { name, target, args } = node;
    const qualified = target === undefined ? undefined : qualifiedName(target);
    const own = qualified !== undefined && this.#isFunction(`${qualified}.${name}`);
    const on = target === undefined || own ? undefined : this.#weighed(name, target);
    const given = args.map((arg) => this.#weighed(name, arg));
    if (on !== undefined && PRODUCTS.has(name) && args.length > 0)
      return this.#call(
        node,
        name,
        given,
        this.#call(node, ROOM, [on, this.lower(args.at(name === 'join' ? 0 : 1) as Node)]),
      );
    // The name of a function that is ours stands where a target would.
    return this.#call(node, name, given, own ? this.#chain(target as Node) : on);
  }

  #weighed(name: string, node: Node): Expr {
    const expr = this.lower(node);
    return FREE.has(name) || node.kind === 'literal' ? expr : this.#call(node, WEIGHED, [expr]);
  }

  #macro(node: Node & { kind: 'macro' }): Expr {
    const accumulator = () => this.#ident(node, ACCUMULATOR);
    const call = (name: string, ...args: Expr[]) => this.#call(node, name, args);
    const condition = node.condition === undefined ? undefined : this.lower(node.condition);
    const truth = (value: boolean) => this.#constant(node, 'bool', value);
    const number = (value: bigint) => this.#constant(node, 'int', value);
    const onlyIf = (step: Expr) => (condition === undefined ? step : call('_?_:_', condition, step, accumulator()));
    const one = () => ({
      init: number(0n),
      loop: truth(true),
      step: onlyIf(call('_+_', accumulator(), number(1n))),
      result: call('_==_', accumulator(), number(1n)),
    });
    const forms: Record<MacroName, () => { init: Expr; loop: Expr; step: Expr; result: Expr }> = {
      all: () => ({
        init: truth(true),
        loop: call('@not_strictly_false', accumulator()),
        step: call('_&&_', accumulator(), condition as Expr),
        result: accumulator(),
      }),
      exists: () => ({
        init: truth(false),
        loop: call('@not_strictly_false', call('!_', accumulator())),
        step: call('_||_', accumulator(), condition as Expr),
        result: accumulator(),
      }),
      exists_one: () => one(),
      existsOne: () => one(),
      map: () => ({
        init: call(NEW_LIST),
        loop: truth(true),
        step: onlyIf(call(APPENDED, accumulator(), this.lower(node.transform as Node))),
        result: accumulator(),
      }),
      filter: () => ({
        init: call(NEW_LIST),
        loop: truth(true),
        step: onlyIf(call(APPENDED, accumulator(), this.#ident(node, node.variable))),
        result: accumulator(),
      }),
    };
    const { init, loop, step, result } = forms[node.name]();
    const value = {
      iterVar: node.variable,
      iterRange: this.lower(node.range),
      accuVar: ACCUMULATOR,
      accuInit: init,
      loopCondition: call(TURN, loop),
      loopStep: step,
      result,
    };
    return made(this.#id(node), 'comprehensionExpr', value);
  }
}

/** `a.b` of names only. */
export function qualifiedName(node: Node): string | undefined {
  if (node.kind === 'ident') return node.name;
  if (node.kind !== 'select' || node.test) return undefined;
  const above = qualifiedName(node.operand);
  return above === undefined ? undefined : `${above}.${node.field}`;
}

/** @param noted whether values are noted, for an explanation */
export function lower(node: Node, isFunction: (name: string) => boolean, noted: boolean): Lowered {
  const lowering = new Lowering(noted, isFunction);
  return { expr: lowering.lower(node), nodes: lowering.nodes };
}

/** Every node of a tree. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* walk(child);
}
