// SPDX-License-Identifier: Apache-2.0
// From text to tokens: cel-spec, doc/langdef.md, "Syntax".
import { CelProblem, type Span } from './ast.ts';

export type TokenKind = 'ident' | 'quoted' | 'number' | 'string' | 'symbol' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  readonly text: string;
}

const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\r\n]*)+/y;
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  // Before names: a prefix would be one.
  [
    'string',
    /(?:[rR][bB]?|[bB][rR])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\r\n]*"|'[^'\r\n]*')|[bB]?(?:"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')/y,
  ],
  ['number', /0x[0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+[uU]?/y],
  ['ident', /[_a-zA-Z][_a-zA-Z0-9]*/y],
  ['quoted', /`[-_a-zA-Z0-9./ ]+`/y],
  ['symbol', /&&|\|\||[<>=!]=|[-+*/%<>!?:.,()[\]{}]/y],
];
/** A triple-quoted string that is not raw may have escaped quotes in it, which a lazy match would end at. */
const TRIPLE = /[bB]?(?:"""(?:\\[\s\S]|(?!""")[^\\])*"""|'''(?:\\[\s\S]|(?!''')[^\\])*''')/y;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function unknown(text: string, at: number): CelProblem {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const span = { start: at, end: at + character.length };
  if (/["']/.test(character)) return new CelProblem('the string has no end', span, `close it with ${character}`);
  if (character === '=') return new CelProblem('= is no operator', span, 'compare with ==');
  if (character === '&' || character === '|')
    return new CelProblem(`${character} is no operator`, span, `write ${character}${character}`);
  return new CelProblem(`${JSON.stringify(character)} cannot stand here`, span);
}

/** @throws CelProblem */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += match(SPACE, text, at)?.length ?? 0;
    if (at >= text.length) break;
    const triple = match(TRIPLE, text, at);
    let found: readonly [TokenKind, string] | undefined = triple === undefined ? undefined : ['string', triple];
    for (const [kind, pattern] of found === undefined ? PATTERNS : []) {
      const part = match(pattern, text, at);
      if (part === undefined) continue;
      found = [kind, part];
      break;
    }
    if (found === undefined) throw unknown(text, at);
    const [kind, part] = found;
    tokens.push({ kind, text: part, start: at, end: at + part.length });
    at += part.length;
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}
