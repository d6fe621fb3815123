// SPDX-License-Identifier: Apache-2.0
// From a file to instructions in one line each, as BuildKit's parser puts them together. Where a reader disagrees with the builder,
// text can be an instruction for one and a comment for the other; so this follows frontend/dockerfile/parser, not taste.
import { SecureError } from '../../../errors.ts';
import { type HeredocStart, heredocsOf } from './heredoc.ts';
import { Builder, type Mapped, type Source } from './mapped.ts';

export interface Heredoc extends HeredocStart {
  readonly body: Mapped;
}

export interface LogicalLine {
  readonly text: Mapped;
  /** Range in the source: first character to behind the last one, here-documents included. */
  readonly start: number;
  readonly end: number;
  readonly heredocs: readonly Heredoc[];
}

export function invalid(source: Source, name: string, offset: number, problem: string, hint?: string): SecureError {
  const { startLine: line, startColumn: column } = source.region(offset, offset + 1);
  return new SecureError('DOCKERFILE_INVALID', `${name}:${line}:${column}: ${problem}`, {
    hint: hint ?? 'the builder refuses the file too: correct the line',
    position: { file: name, line, column },
  });
}

const isBlank = (char: string | undefined) => char === ' ' || char === '\t';
const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=(.*)$/;
const DIRECTIVES = new Set(['escape', 'syntax', 'check']);

/** Lines of the source without their ends, one after the other. */
class Lines {
  readonly #text: string;
  #next: number;

  constructor(text: string) {
    this.#text = text;
    this.#next = text.startsWith('\uFEFF') ? 1 : 0;
  }

  next(): { start: number; text: string; bare: string } | undefined {
    if (this.#next >= this.#text.length) return undefined;
    const start = this.#next;
    const at = this.#text.indexOf('\n', start);
    this.#next = at < 0 ? this.#text.length : at + 1;
    const text = this.#text.slice(start, at < 0 ? undefined : at).replace(/\r$/, '');
    return { start, text, bare: text.trimStart() };
  }
}

/** Length of a line without its continuation character, or undefined when it has none. An escaped one is text. */
function continued(text: string, escaper: string): number | undefined {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end -= 1;
  return text[end - 1] === escaper && text[end - 2] !== escaper ? end - 1 : undefined;
}

/** The directives at the head of the file. */
function readEscape(source: Source, name: string): string {
  const lines = new Lines(source.text);
  const seen = new Set<string>();
  let escaper = '\\';
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const [, word, value = ''] = DIRECTIVE.exec(line.bare) ?? [];
    const key = word?.toLowerCase() ?? '';
    if (!DIRECTIVES.has(key) || value.trim() === '') break;
    if (seen.has(key)) throw invalid(source, name, line.start, `the directive ${key} is given twice`);
    seen.add(key);
    if (key !== 'escape') continue;
    escaper = value.trim();
    if (escaper !== '\\' && escaper !== '`')
      throw invalid(source, name, line.start, `${JSON.stringify(escaper)} is no escape character: it is \\ or \``);
  }
  return escaper;
}

function readHeredoc(source: Source, name: string, lines: Lines, start: HeredocStart, at: number): [Heredoc, number] {
  const body = new Builder();
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const tabs = start.chomp ? line.text.length - line.text.replace(/^\t+/, '').length : 0;
    const end = line.start + line.text.length;
    if (line.text.slice(tabs) === start.name) return [{ ...start, body: body.done() }, end];
    body.add(`${line.text.slice(tabs)}\n`, line.start + tabs);
  }
  throw invalid(source, name, at, `the here-document ${JSON.stringify(start.name)} has no end`);
}

/** All instructions of a file, and its escape character. Throws DOCKERFILE_INVALID. */
export function logicalLines(source: Source, name: string): { escaper: string; lines: LogicalLine[] } {
  const escaper = readEscape(source, name);
  const lines = new Lines(source.text);
  const found: LogicalLine[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.bare === '' || line.bare.startsWith('#')) continue;
    const text = new Builder();
    const start = line.start + line.text.length - line.bare.length;
    let cut = continued(line.bare, escaper);
    text.add(line.bare.slice(0, cut), start);
    let end = line.start + line.text.length;
    while (cut !== undefined) {
      const more = lines.next();
      if (more === undefined) break;
      if (more.bare === '' || more.bare.startsWith('#')) continue;
      cut = continued(more.text, escaper);
      text.add(more.text.slice(0, cut), more.start);
      end = more.start + more.text.length;
    }
    const whole = text.done();
    if (whole.text.trim() === '') continue;
    const heredocs: Heredoc[] = [];
    for (const heredoc of heredocsOf(whole.text)) {
      const [read, behind] = readHeredoc(source, name, lines, heredoc, start);
      heredocs.push(read);
      end = behind;
    }
    found.push({ text: whole, start, end, heredocs });
  }
  return { escaper, lines: found };
}
