// SPDX-License-Identifier: Apache-2.0
// Where the characters of a YAML text stand in the file, so that a caret can stand under the part of an expression that is wrong.
import type { Expression, Segment } from './types.ts';

/**
 * Follow a value through its text, which has quotes, escapes, indentation and folded lines in it: each character is the next one that is equal.
 * @param raw the file's text from where the value begins, indicators included
 * @param start where that is
 */
export function segmentsOf(
  value: string,
  raw: string,
  start: { readonly line: number; readonly column: number },
): Segment[] {
  const segments: Segment[] = [];
  let { line, column } = start;
  let at = 0;
  let expected = { line: -1, column: -1 };
  const step = () => {
    if (raw[at] === '\n') {
      line += 1;
      column = 1;
    } else column += 1;
    at += 1;
  };
  // The header of a block: `|`, `>-`, and a comment.
  if (/^[|>]/.test(raw)) while (at < raw.length && raw[at - 1] !== '\n') step();
  for (let offset = 0; offset < value.length; offset += 1) {
    const wanted = value[offset];
    const same = () => raw[at] === wanted || (wanted === ' ' && raw[at] === '\n');
    while (at < raw.length && !same()) step();
    if (at >= raw.length) break;
    if (line !== expected.line || column !== expected.column) segments.push({ offset, line, column });
    step();
    expected = { line, column };
  }
  return segments.length > 0 ? segments : [{ offset: 0, ...start }];
}

/** Line and column of a character of an expression. */
export function placeOf({ segments }: Expression, offset: number): { line: number; column: number } {
  const found = segments.findLast((segment) => segment.offset <= offset) ?? segments[0];
  if (found === undefined) return { line: 1, column: 1 };
  return { line: found.line, column: found.column + Math.max(0, offset - found.offset) };
}
