// SPDX-License-Identifier: Apache-2.0
// Variables in compose files (compose-spec "Interpolation"). Nothing is taken from the environment, so that a review says the same everywhere: one with a
// default is its default, and one without stays as it is, `${NAME}`.

/** Nested defaults that are followed. */
const DEPTH = 8;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Index behind the brace that closes the one before `start`; -1: there is none. */
function closing(text: string, start: number): number {
  let open = 1;
  for (let i = start; i < text.length; i += 1) {
    if (text.startsWith('${', i)) open += 1;
    else if (text[i] === '}') open -= 1;
    if (open === 0) return i;
  }
  return -1;
}

function braced(inner: string, depth: number): string {
  const name = NAME.exec(inner)?.[0] ?? '';
  const [, , fallback] = /^(:?-)([\s\S]*)$/.exec(inner.slice(name.length)) ?? [];
  return fallback === undefined ? `\${${name}}` : interpolated(fallback, depth + 1);
}

export function interpolated(text: string, depth = 0): string {
  if (!text.includes('$') || depth > DEPTH) return text;
  let out = '';
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] !== '$') {
      out += text[i];
      continue;
    }
    const next = text[i + 1];
    const name = NAME.exec(text.slice(i + 1, i + 257))?.[0];
    const end = next === '{' ? closing(text, i + 2) : -1;
    if (next === '$') {
      out += '$';
      i += 1;
    } else if (end >= 0) {
      out += braced(text.slice(i + 2, end), depth);
      i = end;
    } else if (name !== undefined) {
      out += `\${${name}}`;
      i += name.length;
    } else out += '$';
  }
  return out;
}

/** Whether something in it is only known when it is deployed. */
export const isOpen = (text: string): boolean => /\$\{[A-Za-z_]/.test(text);

/** Every text in a value. Keys are no place for variables. */
export function interpolatedValue(value: unknown): unknown {
  if (typeof value === 'string') return interpolated(value);
  if (Array.isArray(value)) return value.map(interpolatedValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, interpolatedValue(inner)]));
}
