// SPDX-License-Identifier: Apache-2.0
// Where an instruction begins a here-document, by BuildKit's rule: a word of its own, `<<NAME`, in ADD, COPY and RUN.
import { readStrings } from './strings.ts';

export interface HeredocStart {
  readonly name: string;
  /** `<<-`: leading tabs are removed. */
  readonly chomp: boolean;
  /** False when the name is quoted: variables stay as they are. */
  readonly expand: boolean;
  /** Descriptor it is read from, 0 unless a number stands before it. */
  readonly fd: number;
}

const KEYWORD = /^(?:onbuild[\t\v\f\r ]+)?(?:add|copy|run)[\t\v\f\r ]/i;
const isSpace = (char: string) => /\s/.test(char);

/** Raw words, quotes and escapes kept; none when a quote is not closed, as the builder sees none then either. */
export function rawWords(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (isSpace(char)) {
      if (start >= 0) words.push(text.slice(start, i));
      start = -1;
      continue;
    }
    if (start < 0) start = i;
    if (char === '\\') i += 1;
    else if (char === "'") {
      i = text.indexOf("'", i + 1);
      if (i < 0) return [];
    } else if (char === '"') {
      for (i += 1; i < text.length && text[i] !== '"'; i += 1) if (text[i] === '\\') i += 1;
      if (i >= text.length) return [];
    }
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

function unquoted(raw: string): string {
  let value = '';
  let quote = '';
  for (let i = 0; i < raw.length; i += 1) {
    const char = raw[i] ?? '';
    if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = '';
    else if (char === '\\' && quote !== "'" && i + 1 < raw.length) {
      i += 1;
      value += raw[i];
    } else value += char;
  }
  return value;
}

function parse(word: string): HeredocStart | undefined {
  const [, fd, dash, rest = ''] = /^(\d*)<<(-?)([^<]*)$/.exec(word) ?? [];
  if (fd === undefined || rest === '') return undefined;
  return { name: unquoted(rest), chomp: dash === '-', expand: !/['"\\]/.test(rest), fd: fd === '' ? 0 : Number(fd) };
}

/** The here-documents that a whole instruction begins, in order. JSON form has none. */
export function heredocsOf(line: string): HeredocStart[] {
  if (!line.includes('<<') || !KEYWORD.test(line)) return [];
  const rest = line.replace(KEYWORD, '').trim();
  if (readStrings(rest) !== undefined) return [];
  return rawWords(rest).flatMap((word) => parse(word) ?? []);
}
