// SPDX-License-Identifier: Apache-2.0
// Numbers and strings of expressions: cel-spec, doc/langdef.md, "String and Bytes Values" and the lexical grammar.
import { CelProblem, type Node, type Span } from './ast.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '?': '?', '"': '"', "'": "'", '`': '`' },
};
const LENGTHS: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 };

/** The code point, or of bytes the byte, of an escape that begins behind its backslash, and how long it is. */
function numericEscape(text: string, offset: number): { code: number; length: number } | undefined {
  const letter = text.charAt(offset);
  const digits = LENGTHS[letter];
  if (digits !== undefined) {
    const hex = text.slice(offset + 1, offset + 1 + digits);
    return hex.length === digits && /^[0-9a-f]+$/i.test(hex)
      ? { code: Number.parseInt(hex, 16), length: digits + 1 }
      : undefined;
  }
  const octal = /^[0-3][0-7]{2}/.exec(text.slice(offset, offset + 3))?.[0];
  return octal === undefined ? undefined : { code: Number.parseInt(octal, 8), length: 3 };
}

/** @param body what stands between the quotes, which begins at `start` */
function unescaped(body: string, start: number, bytes: boolean): string | Uint8Array {
  const parts: Buffer[] = [];
  let text = '';
  for (let i = 0; i < body.length; i += 1) {
    const character = body.charAt(i);
    if (character !== '\\') {
      text += character;
      continue;
    }
    const simple = SIMPLE[body.charAt(i + 1)];
    if (simple !== undefined) {
      text += simple;
      i += 1;
      continue;
    }
    const found = numericEscape(body, i + 1);
    const at = { start: start + i, end: start + i + 2 };
    if (found === undefined || (bytes && /[uU]/.test(body.charAt(i + 1))))
      throw new CelProblem(
        `${body.slice(i, i + 2)} is no escape`,
        at,
        'write \\\\ for a backslash, or a raw string: r"…"',
      );
    const { code, length } = found;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CelProblem('there is no such character', at);
    if (bytes) {
      parts.push(Buffer.from(text), Buffer.from([code]));
      text = '';
    } else text += String.fromCodePoint(code);
    i += length;
  }
  return bytes ? new Uint8Array(Buffer.concat([...parts, Buffer.from(text)])) : text;
}

/** A string or bytes with its prefix and quotes, as the lexer found it. */
export function stringLiteral(raw: string, start: number): Node {
  const [, prefix = '', quote = ''] = /^([rRbB]{0,2})("""|'''|"|')/.exec(raw) ?? [];
  const body = raw.slice(prefix.length + quote.length, raw.length - quote.length);
  const bytes = /b/i.test(prefix);
  const plain = () => (bytes ? new Uint8Array(Buffer.from(body)) : body);
  const value = /r/i.test(prefix) ? plain() : unescaped(body, start + prefix.length + quote.length, bytes);
  return { kind: 'literal', type: bytes ? 'bytes' : 'string', value, start, end: start + raw.length };
}

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** A number as the lexer found it; a minus in front of it is part of it, since the smallest integer has no positive form. */
export function numberLiteral(raw: string, negative: boolean, at: Span): Node {
  if (!/^0x/i.test(raw) && /[.eE]/.test(raw)) {
    const value = negative ? -Number(raw) : Number(raw);
    if (Number.isFinite(value)) return { kind: 'literal', type: 'double', value, ...at };
    throw new CelProblem(`${raw} is out of range`, at);
  }
  const unsigned = /u$/i.test(raw);
  const magnitude = BigInt(unsigned ? raw.slice(0, -1) : raw);
  const value = negative ? -magnitude : magnitude;
  const [low, high] = unsigned ? [0n, UINT_MAX] : [INT_MIN, INT_MAX];
  if (value < low || value > high)
    throw new CelProblem(`${negative ? '-' : ''}${raw} is out of range`, at, `it is ${low} to ${high}`);
  return { kind: 'literal', type: unsigned ? 'uint' : 'int', value, ...at };
}
