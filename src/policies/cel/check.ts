// SPDX-License-Identifier: Apache-2.0
// Whether an expression can be meant: names that are there, fields that the facts have, operators between things that go together. What is
// only known when the facts are there is left to the evaluation.
import { didYouMean } from '../../suggest.ts';
import { CelProblem, type Node, type Span } from './ast.ts';
import { qualifiedName } from './lower.ts';
import { FUNCTION_NAMES, SIGNATURES, type Signature } from './signatures.ts';
import { BOOL, comparable, DYN, listOf, NUMBER, STRING, show, type Type } from './types.ts';

type Names = ReadonlyMap<string, Type>;

const LITERALS = {
  null: { kind: 'null' },
  bool: BOOL,
  int: NUMBER,
  uint: NUMBER,
  double: NUMBER,
  string: STRING,
  bytes: { kind: 'bytes' },
} as const;
const isOne = (type: Type, ...kinds: readonly Type['kind'][]) => type.kind === 'dyn' || kinds.includes(type.kind);
const listed = (names: Iterable<string>) => `known here: ${[...names].join(', ')}`;

class Checker {
  #names: Names;
  readonly #types = new Map<Node, Type>();

  constructor(names: Names) {
    this.#names = names;
  }

  check(node: Node): Type {
    // Operators look at their operands more than once, which would double with each level.
    const known = this.#types.get(node);
    if (known !== undefined) return known;
    const type = this.#check(node);
    this.#types.set(node, type);
    return type;
  }

  #check(node: Node): Type {
    switch (node.kind) {
      case 'literal':
        return LITERALS[node.type];
      case 'ident':
        return this.#ident(node);
      case 'select':
        return this.#select(node);
      case 'list':
        return listOf(this.#common(node.elements.map((each) => this.check(each))));
      case 'map': {
        for (const { key } of node.entries) this.check(key);
        return { kind: 'map', of: this.#common(node.entries.map(({ value }) => this.check(value))) };
      }
      case 'message':
        throw new CelProblem(`there is no type ${node.name}`, node, 'facts are maps and lists');
      case 'call':
        return this.#call(node);
      case 'macro':
        return this.#macro(node);
    }
  }

  #common(types: readonly Type[]): Type {
    const [first] = types;
    return first !== undefined && types.every((type) => type.kind === first.kind && comparable(type, first))
      ? first
      : DYN;
  }

  #ident(node: Node & { kind: 'ident' }): Type {
    const name = node.name.replace(/^\./, '');
    const found = this.#names.get(name);
    if (found !== undefined) return found;
    throw new CelProblem(
      `there is no ${name}${didYouMean(name, this.#names.keys())}`,
      node,
      listed(this.#names.keys()),
    );
  }

  #select({ operand, field, test, at }: Node & { kind: 'select' }): Type {
    const type = this.check(operand);
    if (type.kind === 'dyn') return test ? BOOL : DYN;
    if (type.kind === 'map') return test ? BOOL : type.of;
    if (type.kind !== 'object') throw new CelProblem(`${show(type)} has no fields`, at);
    const found = type.fields.get(field);
    if (found === undefined)
      throw new CelProblem(
        `${type.name} has no ${field}${didYouMean(field, type.fields.keys())}`,
        at,
        listed(type.fields.keys()),
      );
    return test ? BOOL : found;
  }

  #operand(node: Node, what: string, ...kinds: readonly Type['kind'][]): Type {
    const type = this.check(node);
    if (!isOne(type, ...kinds))
      throw new CelProblem(`${what} ${show({ kind: kinds[0] } as Type)}, and this is ${show(type)}`, node);
    return type;
  }

  #call(node: Node & { kind: 'call' }): Type {
    const { name, args, at } = node;
    const [left, right, third] = args as [Node, Node, Node];
    switch (name) {
      case '_&&_':
      case '_||_':
      case '!_':
        for (const arg of args) this.#operand(arg, `${name.replaceAll('_', '')} takes`, 'bool');
        return BOOL;
      case '_?_:_': {
        this.#operand(left, '? takes', 'bool');
        return this.#common([this.check(right), this.check(third)]);
      }
      case '_==_':
      case '_!=_':
        return this.#pair(name, left, right, at);
      case '_<_':
      case '_<=_':
      case '_>_':
      case '_>=_': {
        for (const arg of [left, right])
          this.#operand(arg, `${name.replaceAll('_', '')} compares`, 'number', 'string', 'time', 'bytes', 'bool');
        return this.#pair(name, left, right, at);
      }
      case '_+_': {
        for (const arg of [left, right]) this.#operand(arg, '+ takes', 'number', 'string', 'list', 'bytes', 'time');
        this.#pair(name, left, right, at);
        return this.check(left);
      }
      case '_-_':
        for (const arg of [left, right]) this.#operand(arg, '- takes', 'number', 'time');
        return this.#common([this.check(left), this.check(right)]);
      case '_*_':
      case '_/_':
      case '_%_':
      case '-_':
        for (const arg of args) this.#operand(arg, `${name.replaceAll('_', '')} takes`, 'number', 'time');
        return NUMBER;
      case '@in':
        return this.#membership(left, right);
      case '_[_]':
        return this.#index(left, right);
      default:
        return this.#function(node);
    }
  }

  #pair(name: string, left: Node, right: Node, at: Span): Type {
    const [a, b] = [this.check(left), this.check(right)];
    if (comparable(a, b)) return BOOL;
    const operator = name.replaceAll('_', '');
    throw new CelProblem(
      `${show(a)} ${operator} ${show(b)} can never be meant`,
      at,
      operator === '==' || operator === '!=' ? 'they are never equal' : undefined,
    );
  }

  #membership(left: Node, right: Node): Type {
    const [item, within] = [this.check(left), this.check(right)];
    if (!isOne(within, 'list', 'map', 'object'))
      throw new CelProblem(
        `in takes a list or a map, and this is ${show(within)}`,
        right,
        within.kind === 'string' ? 'text is searched with .contains(…)' : undefined,
      );
    const each = within.kind === 'list' ? within.of : within.kind === 'dyn' ? DYN : STRING;
    if (!comparable(item, each)) throw new CelProblem(`${show(item)} is never in ${show(within)}`, left);
    return BOOL;
  }

  #index(left: Node, right: Node): Type {
    const [within, index] = [this.check(left), this.check(right)];
    if (within.kind === 'list') {
      if (!isOne(index, 'number')) throw new CelProblem(`a list has numbers, and this is ${show(index)}`, right);
      return within.of;
    }
    if (within.kind === 'map' || within.kind === 'object') {
      if (!isOne(index, 'string')) throw new CelProblem(`a map has names, and this is ${show(index)}`, right);
      if (within.kind === 'map') return within.of;
      if (right.kind !== 'literal') return DYN;
      return this.#select({
        kind: 'select',
        operand: left,
        field: String(right.value),
        test: false,
        at: right,
        start: left.start,
        end: right.end,
      });
    }
    if (within.kind !== 'dyn') throw new CelProblem(`${show(within)} has no parts`, left);
    return DYN;
  }

  #function(node: Node & { kind: 'call' }): Type {
    const { name, target, args, at } = node;
    const qualifier = target === undefined ? undefined : qualifiedName(target);
    const own = qualifier === undefined ? undefined : SIGNATURES[`${qualifier}.${name}`];
    const shown = own === undefined ? name : `${qualifier}.${name}`;
    const on = target === undefined || own !== undefined ? undefined : this.check(target);
    const forms = own ?? (Object.hasOwn(SIGNATURES, name) ? SIGNATURES[name] : undefined);
    if (forms === undefined)
      throw new CelProblem(
        `there is no function ${shown}${didYouMean(name, FUNCTION_NAMES)}`,
        at,
        listed(FUNCTION_NAMES),
      );
    const given = args.map((arg) => this.check(arg));
    const alike = forms.filter((form) => (form.target === undefined) === (on === undefined));
    if (alike.length === 0)
      throw new CelProblem(
        on === undefined ? `${shown}() stands behind a dot` : `${shown}() does not stand behind a dot`,
        at,
        on === undefined ? `as in x.${name}(…)` : `as in ${shown}(x)`,
      );
    const counted = alike.filter(
      (form) => given.length <= form.args.length && given.length >= form.args.length - (form.optional ?? 0),
    );
    if (counted.length === 0)
      throw new CelProblem(`${shown}() takes ${alike.map(count).join(' or ')}, not ${given.length}`, at);
    let problem: CelProblem | undefined;
    for (const form of counted) {
      problem = mismatch(shown, form, on, given, node);
      if (problem === undefined) return form.result;
    }
    throw problem;
  }

  #macro({ name, range, variable, condition, transform, at }: Node & { kind: 'macro' }): Type {
    const over = this.check(range);
    if (!isOne(over, 'list', 'map', 'object'))
      throw new CelProblem(`${name}() goes through a list or a map, and this is ${show(over)}`, range);
    const each = over.kind === 'list' ? over.of : over.kind === 'dyn' ? DYN : STRING;
    const outer = this.#names;
    if (outer.has(variable) && SHADOWED.test(variable))
      throw new CelProblem(`${variable} has a meaning already`, at, 'choose another name');
    this.#names = new Map([...outer, [variable, each]]);
    try {
      if (condition !== undefined) this.#operand(condition, `${name}() takes`, 'bool');
      if (name === 'map') return listOf(this.check(transform as Node));
      return name === 'filter' ? listOf(each) : BOOL;
    } finally {
      this.#names = outer;
    }
  }
}

/** Facts and their like; a variable of a loop may be called as one of another loop. */
const SHADOWED = /^(?:image|container|host|engine|dockerfile|compose|kubernetes|plan|params|now)$/;

const count = ({ args, optional = 0 }: Signature): string =>
  optional > 0
    ? `${args.length - optional} to ${args.length} arguments`
    : args.length === 1
      ? '1 argument'
      : `${args.length} arguments`;

function mismatch(
  name: string,
  form: Signature,
  on: Type | undefined,
  given: readonly Type[],
  node: Node & { kind: 'call' },
): CelProblem | undefined {
  const fits = (wanted: Type, type: Type) =>
    wanted.kind === 'dyn' ||
    (type.kind === 'object' && wanted.kind === 'object' ? type.name === wanted.name : comparable(wanted, type));
  if (form.target !== undefined && on !== undefined && !fits(form.target, on))
    return new CelProblem(`${name}() is of ${show(form.target)}, and this is ${show(on)}`, node.target ?? node);
  const index = given.findIndex((type, i) => !fits(form.args[i] ?? DYN, type));
  if (index < 0) return undefined;
  return new CelProblem(
    `${name}() takes ${show(form.args[index] ?? DYN)}, and this is ${show(given[index] ?? DYN)}`,
    node.args[index] ?? node,
  );
}

/**
 * The type of an expression.
 * @param names what it may name
 * @throws CelProblem
 */
export function check(node: Node, names: Names): Type {
  return new Checker(names).check(node);
}

/** @throws CelProblem also when it is neither true nor false */
export function checkCondition(node: Node, names: Names): void {
  const type = check(node, names);
  if (!isOne(type, 'bool'))
    throw new CelProblem(`it must be true or false, and is ${show(type)}`, node, 'compare it with something');
}
