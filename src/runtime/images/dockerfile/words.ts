// SPDX-License-Identifier: Apache-2.0
// What follows an instruction's keyword: flags, words, settings and JSON arrays. Positions are kept for each.

import { Builder, type Mapped, type Source, slice, trim } from './mapped.ts';
import { readStrings } from './strings.ts';
import type { Flag, Word } from './types.ts';

const isSpace = (char: string | undefined) => char !== undefined && /\s/.test(char);

/** Split at blanks; with `quotes`, not at those within quotes or behind the escape character. */
export function split(text: Mapped, quotes: boolean, escaper: string): Mapped[] {
  const words: Mapped[] = [];
  const { text: chars } = text;
  let start = -1;
  let quote = '';
  for (let i = 0; i <= chars.length; i += 1) {
    const char = chars[i];
    if (char === undefined || (quote === '' && isSpace(char))) {
      if (start >= 0) words.push(slice(text, start, i));
      start = -1;
      continue;
    }
    if (start < 0) start = i;
    if (!quotes) continue;
    if (char === escaper && quote !== "'" && i + 1 < chars.length) i += 1;
    else if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = '';
  }
  return words;
}

/** Quotes and escapes removed, variables left as they are. */
export function unquote(raw: string, escaper: string): string {
  const parts: string[] = [];
  let quote = '';
  for (let i = 0; i < raw.length; i += 1) {
    const char = raw[i] ?? '';
    if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (quote !== '' && char === quote) quote = '';
    else if (char === escaper && quote !== "'" && i + 1 < raw.length) {
      i += 1;
      // Within double quotes an escape character that escapes nothing stays.
      if (quote === '"' && !['"', '$', escaper].includes(raw[i] ?? '')) parts.push(char);
      parts.push(raw[i] ?? '');
    } else parts.push(char);
  }
  return parts.join('');
}

export function word(source: Source, raw: Mapped, escaper: string, fallback: number): Word {
  return { value: unquote(raw.text, escaper), raw: raw.text, region: source.of(raw, fallback) };
}

/** Leading `--name=value` words, and what follows them. */
export function takeFlags(source: Source, text: Mapped): { flags: Flag[]; rest: Mapped } {
  const flags: Flag[] = [];
  let rest = trim(text);
  while (rest.text.startsWith('--') && !isSpace(rest.text[2])) {
    // At the end of the first word; the whole text must not be split for each flag.
    let [end, quote] = [0, ''];
    for (; end < rest.text.length && (quote !== '' || !isSpace(rest.text[end])); end += 1) {
      const char = rest.text[end] ?? '';
      if (char === '\\') end += 1;
      else if (quote === '' && (char === "'" || char === '"')) quote = char;
      else if (char === quote) quote = '';
    }
    const raw = slice(rest, 0, end);
    rest = slice(rest, end, rest.text.length);
    const skip = rest.text.length - rest.text.trimStart().length;
    rest = slice(rest, skip, rest.text.length);
    const [, name = '', value = ''] = /^--([^=]*)=?([\s\S]*)$/.exec(unquote(raw.text, '\\')) ?? [];
    flags.push({ name, value, region: source.of(raw, 0) });
  }
  return { flags, rest };
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The strings of a JSON array of strings, with places; undefined for anything else, which the builder takes for a shell's text. */
export function jsonStrings(text: Mapped): Mapped[] | undefined {
  if (readStrings(text.text) === undefined) return undefined;
  // It is valid, so only strings have to be found.
  const strings: Mapped[] = [];
  const { text: chars, offsets } = text;
  for (let i = 0; i < chars.length; i += 1) {
    if (chars[i] !== '"') continue;
    const string = new Builder();
    for (i += 1; chars[i] !== '"'; i += 1) {
      const at = offsets[i] ?? 0;
      if (chars[i] !== '\\') {
        string.add(chars[i] ?? '', at);
        continue;
      }
      i += 1;
      if (chars[i] === 'u') {
        string.add(String.fromCharCode(Number.parseInt(chars.slice(i + 1, i + 5), 16)), at);
        i += 4;
      } else string.add(ESCAPES[chars[i] ?? ''] ?? chars[i] ?? '', at);
    }
    strings.push(string.done());
  }
  return strings;
}

export interface RawSetting {
  readonly name: string;
  /** With quotes; undefined when there is none. */
  readonly value: string | undefined;
  readonly raw: Mapped;
}

/** `NAME=value NAME=value`, and of ENV and LABEL the old form `NAME value`. */
export function settings(text: Mapped, keyword: string, escaper: string): RawSetting[] {
  const words = split(text, true, escaper);
  const first = words[0];
  if (first === undefined) return [];
  if (keyword !== 'ARG' && !first.text.includes('=')) {
    return [
      { name: unquote(first.text, escaper), value: text.text.trim().slice(first.text.length).trim(), raw: trim(text) },
    ];
  }
  return words.map((raw) => {
    const equals = raw.text.indexOf('=');
    return equals < 0
      ? { name: raw.text, value: undefined, raw }
      : { name: unquote(raw.text.slice(0, equals), escaper), value: raw.text.slice(equals + 1), raw };
  });
}
