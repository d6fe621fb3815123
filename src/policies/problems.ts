// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, SecureError } from '../errors.ts';

/** One thing that is wrong with a policy, at one place. Lines and columns count from 1. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

/** Longer lines are cut around the column: a policy may be one line of a megabyte. */
const WIDTH = 120;

/** Tabs and control characters take one column, so that the caret stands under its character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const visible = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** The source line with a caret under the column; '' where there is no such line. */
export function caret(lines: readonly string[], line: number, column: number): string {
  const text = lines[line - 1];
  if (text === undefined) return '';
  const start = column > WIDTH ? column - Math.floor(WIDTH / 2) : 0;
  return `${visible(text.slice(start, start + WIDTH))}\n${' '.repeat(Math.max(0, column - 1 - start))}^`;
}

/** `file:line:column: code: message`, the source line and a caret. */
export function renderProblem(problem: Problem, lines: readonly string[]): string {
  const { file, line, column, code, message, hint } = problem;
  const source = caret(lines, line, column);
  const parts = [`${file}:${line}:${column}: ${code}: ${message}`];
  if (source !== '') parts.push(source.replace(/^/gm, '  '));
  if (hint !== undefined) parts.push(`  hint: ${hint}`);
  return parts.join('\n');
}

/** The first of the problems as an error; the others are counted. */
export function problemError(problems: readonly Problem[], lines: readonly string[]): SecureError {
  const [first] = problems;
  if (first === undefined) throw new TypeError('problemError needs a problem');
  const source = caret(lines, first.line, first.column);
  const more = problems.length > 1 ? `\n(and ${problems.length - 1} more: secure policy validate ${first.file})` : '';
  return new SecureError(first.code, `${first.message}${source === '' ? '' : `\n${source}`}${more}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    position: { file: first.file, line: first.line, column: first.column },
  });
}

/** Thrown while a file is read or merged; carries every problem, for `validate`. */
export class PolicyProblems extends Error {
  override readonly name = 'PolicyProblems';
  readonly problems: readonly Problem[];
  readonly lines: readonly string[];
  constructor(problems: readonly Problem[], lines: readonly string[]) {
    super(problems[0]?.message);
    this.problems = problems;
    this.lines = lines;
  }
}
