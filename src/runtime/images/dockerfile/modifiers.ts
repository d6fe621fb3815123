// SPDX-License-Identifier: Apache-2.0
// `${name#pattern}` and the like. Patterns are matched by a set of states, never by backtracking.

/** Steps of matching that one variable may cost. */
const BUDGET = 1 << 26;

/** One character, any character, or any number of them. */
type Token = { readonly char: string } | '?' | '*';

function tokens(pattern: string): Token[] {
  const found: Token[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern[i] ?? '';
    if (char === '\\' && i + 1 < pattern.length) {
      i += 1;
      found.push({ char: pattern[i] ?? '' });
    } else found.push(char === '?' || char === '*' ? char : { char });
  }
  return found;
}

/** The states that are reached without a character: a star may stand for nothing. */
function settled(states: Set<number>, pattern: readonly Token[]): Set<number> {
  for (const state of states) if (pattern[state] === '*') states.add(state + 1);
  return states;
}

/** How many characters of `text` from `start` on the pattern matches: as few or as many as it can; -1 for none at all. */
function matched(pattern: readonly Token[], text: string, start: number, longest: boolean): number {
  let states = settled(new Set([0]), pattern);
  let found = -1;
  for (let at = start; ; at += 1) {
    if (states.has(pattern.length)) {
      found = at - start;
      if (!longest) return found;
    }
    if (at === text.length || states.size === 0) return found;
    const next = new Set<number>();
    for (const state of states) {
      const token = pattern[state];
      if (token === '*') next.add(state);
      else if (token === '?' || token?.char === text[at]) next.add(state + 1);
    }
    states = settled(next, pattern);
  }
}

const reversed = (text: string) => [...Array(text.length).keys()].map((i) => text[text.length - 1 - i]).join('');

function replaced(value: string, pattern: readonly Token[], replacement: string, all: boolean): string {
  if (pattern.length === 0) return value;
  let result = '';
  for (let i = 0; i < value.length; ) {
    const length = matched(pattern, value, i, true);
    if (length > 0) {
      result += replacement;
      i += length;
      if (!all) return result + value.slice(i);
    } else {
      result += value[i];
      i += 1;
    }
  }
  return result;
}

/**
 * A value cut or replaced by `#` `##` `%` `%%` `/` or `//` and what stands behind it; `operand` replaces variables in a pattern.
 * Undefined: no such modifier, or one that costs too much.
 */
export function modified(
  value: string,
  rest: string,
  operand: (text: string) => string | undefined,
): string | undefined {
  const [, operator = '', text = ''] = /^(##?|%%?|\/\/?)([\s\S]*)$/.exec(rest) ?? [];
  if (operator === '') return undefined;
  const slash = operator.startsWith('/') ? (/(?<!\\)\//.exec(text)?.index ?? text.length) : text.length;
  const [from, to] = [operand(text.slice(0, slash)), operand(text.slice(slash + 1))];
  if (from === undefined || to === undefined) return undefined;
  const pattern = tokens(from);
  const tries = operator.startsWith('/') ? value.length : 1;
  if (tries * value.length * pattern.length > BUDGET) return undefined;
  if (operator.startsWith('/')) return replaced(value, pattern, to, operator === '//');
  const longest = operator.length === 2;
  if (operator.startsWith('#')) return value.slice(Math.max(matched(pattern, value, 0, longest), 0));
  const length = matched(pattern.toReversed(), reversed(value), 0, longest);
  return value.slice(0, value.length - Math.max(length, 0));
}
