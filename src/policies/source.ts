// SPDX-License-Identifier: Apache-2.0
// YAML text to plain values with the position of every key and value.
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument, type Range } from 'yaml';
import { PolicyProblems, type Problem } from './problems.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}
export interface SourceText {
  readonly policy: string;
  readonly value: unknown;
  readonly lines: readonly string[];
  /** Of the value at a JSON pointer; the nearest parent's where it has none of its own. */
  at(pointer: string): Position;
  /** Of the key that names the value at a JSON pointer. */
  key(pointer: string): Position;
  /** The text as it stands in the file, quotes and indentation included, of a value that is text; undefined behind an alias. */
  raw(pointer: string): string | undefined;
}

/** Values in one file once its aliases are expanded: nine lines of aliases can stand for a thousand million. */
const MAX_NODES = 50_000;
const MAX_DEPTH = 32;

const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
export const pointer = (...keys: readonly (string | number)[]): string =>
  keys.map((key) => `/${escapeKey(String(key))}`).join('');

class Walker {
  readonly values = new Map<string, Position>();
  readonly keys = new Map<string, Position>();
  readonly ranges = new Map<string, Range>();
  private nodes = 0;
  private readonly open = new Set<Node>();
  private readonly document: ReturnType<typeof parseDocument>;
  private readonly counter: LineCounter;
  private readonly fail: (message: string, position: Position) => never;
  constructor(
    document: ReturnType<typeof parseDocument>,
    counter: LineCounter,
    fail: (message: string, position: Position) => never,
  ) {
    this.document = document;
    this.counter = counter;
    this.fail = fail;
  }

  position(range: Range | null | undefined): Position {
    const { line, col } = this.counter.linePos(range?.[0] ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** `place` is where the reader looks: inside an alias it stays at the alias. */
  walk(node: Node | null, at: string, depth: number, place?: Position): unknown {
    const position = place ?? this.position(node?.range);
    this.values.set(at, position);
    this.nodes += 1;
    if (this.nodes > MAX_NODES) this.fail(`has more than ${MAX_NODES} values once its aliases are expanded`, position);
    if (depth > MAX_DEPTH) this.fail(`is nested more than ${MAX_DEPTH} deep`, position);
    if (node === null) return null;
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target === undefined || this.open.has(target)) this.fail('an alias must name an anchor before it', position);
      return this.walk(target as Node, at, depth + 1, position);
    }
    if (isScalar(node)) {
      if (typeof node.value === 'string' && place === undefined && node.range) this.ranges.set(at, node.range);
      return node.value;
    }
    this.open.add(node);
    const value = this.collection(node, at, depth, place);
    this.open.delete(node);
    return value;
  }

  private collection(node: Node, at: string, depth: number, place?: Position): unknown {
    if (isSeq(node)) return node.items.map((item, i) => this.walk(item as Node, `${at}/${i}`, depth + 1, place));
    // Without a prototype: `__proto__` and `constructor` are keys like any other.
    const out: Record<string, unknown> = Object.create(null);
    if (!isMap(node)) return out;
    for (const { key, value } of node.items) {
      const name = key as Node | null;
      if (!isScalar(name) || typeof name.value !== 'string') {
        this.fail('keys must be text', place ?? this.position(name?.range));
      }
      const child = `${at}/${escapeKey(name.value)}`;
      // Here, since the parser's own check compares every key with every other.
      if (Object.hasOwn(out, name.value))
        this.fail(`the key ${JSON.stringify(name.value)} is there twice`, place ?? this.position(name.range));
      this.keys.set(child, place ?? this.position(name.range));
      out[name.value] = this.walk(value as Node | null, child, depth + 1, place);
    }
    return out;
  }
}

/** Whether brackets, or `- - -` on one line, nest deeper than anything that is read: the parser takes seconds to say so. */
function nestsTooDeep(text: string): boolean {
  let brackets = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (token === '-' || token === '?') indicators += 1;
    else if (token.startsWith('\n')) indicators = 0;
    if (brackets > MAX_DEPTH || indicators > MAX_DEPTH) return true;
  }
  return false;
}

/** @throws PolicyProblems POLICY_SYNTAX for text that is not one plain YAML document. */
export function readSource(text: string, policy: string): SourceText {
  const lines = text.split(/\r\n|\n|\r/);
  const fail = (message: string, { line, column }: Position): never => {
    throw new PolicyProblems([{ code: 'POLICY_SYNTAX', message, file: policy, line, column }], lines);
  };
  if (nestsTooDeep(text)) return fail(`is nested more than ${MAX_DEPTH} deep`, { line: 1, column: 1 });
  const counter = new LineCounter();
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false, schema: 'core' });
  } catch (error) {
    // The composer recurses: block nesting, which the lexer cannot see, ends here instead of in a crash.
    return fail(error instanceof RangeError ? 'is nested too deep' : String(error), { line: 1, column: 1 });
  }
  const problems = [...document.errors, ...document.warnings].map((error): Problem => {
    const { line, col } = counter.linePos(error.pos[0]);
    return {
      code: 'POLICY_SYNTAX',
      message: error.message,
      file: policy,
      line: Math.max(1, line),
      column: Math.max(1, col),
    };
  });
  if (problems.length > 0) throw new PolicyProblems(problems, lines);
  const walker = new Walker(document, counter, fail);
  const value = walker.walk(document.contents as Node | null, '', 0);
  const nearest = (map: Map<string, Position>, at: string): Position => {
    for (let p = at; ; p = p.slice(0, p.lastIndexOf('/'))) {
      const found = map.get(p);
      if (found !== undefined) return found;
      if (p === '') return { line: 1, column: 1 };
    }
  };
  return {
    policy,
    value,
    lines,
    at: (p) => nearest(walker.values, p),
    key: (p) => walker.keys.get(p) ?? nearest(walker.values, p),
    raw: (p) => {
      const range = walker.ranges.get(p);
      return range === undefined ? undefined : text.slice(range[0], range[1]);
    },
  };
}
