// SPDX-License-Identifier: Apache-2.0
import { modified } from './modifiers.ts';

/** Variables by name; one that is there and undefined is known only when the image is built. */
export interface Variables {
  has(name: string): boolean;
  get(name: string): string | undefined;
  /** The build itself asks: one that is not there is empty, and modifiers that cut or replace can be applied. */
  readonly complete?: boolean;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
/** A value that grows by referring to itself doubles with each line; no name of an image, user or directory is this long. */
const LIMIT = 1024;
/** An argument of execve(2) is no longer. */
const COMPLETE_LIMIT = 128 << 10;

interface Read {
  /** Undefined: not known before the build. */
  readonly value: string | undefined;
  readonly next: number;
}

/** `${...}` whose inside begins at `start`. Before the build, modifiers that cut or replace are not known. */
function braced(text: string, start: number, variables: Variables, escaper: string, depth: number): Read {
  const name = NAME.exec(text.slice(start, start + 256))?.[0] ?? '';
  let [next, nested] = [start + name.length, 1];
  const inside = next;
  for (; next < text.length && nested > 0; next += 1) {
    if (text[next] === escaper) next += 1;
    else if (text[next] === '{') nested += 1;
    else if (text[next] === '}') nested -= 1;
  }
  if (nested > 0) return { value: undefined, next: text.length };
  const rest = text.slice(inside, next - 1);
  const known = name === '' ? undefined : variables.get(name);
  if (rest === '') return { value: known, next };
  if (variables.complete === true && known !== undefined && depth <= 8 && !/^:?[-+?]/.test(rest))
    return { value: modified(known, rest, (text) => expand(text, variables, escaper, depth + 1)), next };
  const [, colon, operator = '', word = ''] = /^(:?)([-+?])([\s\S]*)$/.exec(rest) ?? [];
  if (name === '' || operator === '' || depth > 8) return { value: undefined, next };
  if (variables.has(name) && known === undefined) {
    // Declared without a default: what it is when nobody gives it is what stands here.
    return { value: operator === '-' ? expand(word, variables, escaper, depth + 1) : undefined, next };
  }
  const isSet = variables.has(name) && (colon === '' || known !== '');
  if (operator === '?') return { value: isSet ? known : undefined, next };
  if (operator === '-') return { value: isSet ? known : expand(word, variables, escaper, depth + 1), next };
  if (!variables.has(name)) return { value: known === undefined ? undefined : '', next };
  return { value: isSet ? expand(word, variables, escaper, depth + 1) : '', next };
}

/**
 * Remove quotes and replace variables, as the builder does for every instruction but RUN. Undefined: not known before the build,
 * as a variable is that nothing here declares: the base image may.
 */
export function expand(raw: string, variables: Variables, escaper: string, depth = 0): string | undefined {
  let value = '';
  let quote = '';
  const limit = variables.complete === true ? COMPLETE_LIMIT : LIMIT;
  for (let i = 0; i < raw.length; ) {
    const char = raw[i] ?? '';
    if (value.length > limit) return undefined;
    if (char === "'" || char === '"') {
      if (quote === '') quote = char;
      else if (quote === char) quote = '';
      else value += char;
      i += 1;
    } else if (char === escaper && quote !== "'" && i + 1 < raw.length) {
      const escaped = raw[i + 1] ?? '';
      value += quote === '"' && !['"', '$', escaper].includes(escaped) ? char + escaped : escaped;
      i += 2;
    } else if (char === '$' && quote !== "'") {
      const read = raw[i + 1] === '{' ? braced(raw, i + 2, variables, escaper, depth) : plain(raw, i + 1, variables);
      if (read.value === undefined) return undefined;
      value += read.value;
      i = read.next;
    } else {
      value += char;
      i += 1;
    }
  }
  return value.length > limit ? undefined : value;
}

/**
 * Replace variables in a text and leave everything else: quotes, and what the escape character stands before. As the builder does for
 * here-documents that are files.
 */
export function expandText(text: string, variables: Variables, escaper: string): string | undefined {
  const parts: string[] = [];
  for (let i = 0; i < text.length; ) {
    const char = text[i] ?? '';
    if (char === escaper && i + 1 < text.length) {
      parts.push(text.slice(i, i + 2));
      i += 2;
    } else if (char === '$') {
      const read = text[i + 1] === '{' ? braced(text, i + 2, variables, escaper, 0) : plain(text, i + 1, variables);
      if (read.value === undefined) return undefined;
      parts.push(read.value);
      i = read.next;
    } else {
      parts.push(char);
      i += 1;
    }
  }
  return parts.join('');
}

function plain(text: string, start: number, variables: Variables): Read {
  const name = NAME.exec(text.slice(start, start + 256))?.[0] ?? '';
  if (name === '') return { value: '$', next: start };
  return { value: variables.get(name), next: start + name.length };
}
