// SPDX-License-Identifier: Apache-2.0
// Expressions of the Common Expression Language (cel-spec, doc/langdef.md) as they are written, every node with its place in the text.

/** Offsets in the text, in UTF-16 units; `end` is behind the last one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type LiteralType = 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes';
export type MacroName = 'all' | 'exists' | 'exists_one' | 'existsOne' | 'map' | 'filter';

export type Node = Span &
  (
    | { readonly kind: 'literal'; readonly type: LiteralType; readonly value: LiteralValue }
    | { readonly kind: 'ident'; readonly name: string }
    /** `has(a.b)` is a `test`. */
    | {
        readonly kind: 'select';
        readonly operand: Node;
        readonly field: string;
        readonly test: boolean;
        readonly at: Span;
      }
    /** Operators are calls under the names that the specification gives them: `_&&_`. */
    | {
        readonly kind: 'call';
        readonly name: string;
        readonly target: Node | undefined;
        readonly args: readonly Node[];
        readonly at: Span;
      }
    | { readonly kind: 'list'; readonly elements: readonly Node[] }
    | { readonly kind: 'map'; readonly entries: readonly { readonly key: Node; readonly value: Node }[] }
    | {
        readonly kind: 'message';
        readonly name: string;
        readonly fields: readonly { readonly name: string; readonly value: Node }[];
      }
    | {
        readonly kind: 'macro';
        readonly name: MacroName;
        readonly range: Node;
        readonly variable: string;
        /** Undefined: `map` of everything. */
        readonly condition: Node | undefined;
        /** Of `map`. */
        readonly transform: Node | undefined;
        readonly at: Span;
      }
  );

export type LiteralValue = null | boolean | bigint | number | string | Uint8Array;

/** What is wrong with an expression, and where. */
export class CelProblem extends Error {
  override readonly name = 'CelProblem';
  readonly at: Span;
  readonly hint: string | undefined;

  constructor(message: string, at: Span, hint?: string) {
    super(message);
    this.at = at;
    this.hint = hint;
  }
}

/** Nodes right below a node, in the order of the text. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'select':
      return [node.operand];
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case 'list':
      return node.elements;
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'message':
      return node.fields.map(({ value }) => value);
    case 'macro':
      return [node.range, node.condition, node.transform].filter((child) => child !== undefined);
    default:
      return [];
  }
}
