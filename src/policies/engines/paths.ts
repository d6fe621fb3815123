// SPDX-License-Identifier: Apache-2.0
// Paths against patterns of what engines make for containers (own.ts).

export const below = (path: string, top: string): boolean => path.length > top.length && path.startsWith(`${top}/`);

/** What `{id}`, `{sandbox}` and `{pod}` stand for; without one nothing matches. */
export interface Names {
  readonly id: string;
  readonly sandbox: string;
  readonly pod: string;
  /** The engine is a kubelet's, and does not say which. */
  readonly anyPod: boolean;
}

/** `*` for any text, of one component. No regular expression: names are the container's. */
function glob(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

function component(pattern: string, text: string, names: Names): boolean {
  if (pattern === '{id}') return text === names.id;
  if (pattern === '{sandbox}') return text === names.sandbox;
  if (pattern === '{pod}') return names.anyPod || names.pod === text;
  return glob(pattern, text);
}

/** Components of a relative path against those of a pattern: `*` within one, `**` at the end for any number of them. */
export function matchesPattern(pattern: string, path: string, names: Names): boolean {
  const wanted = pattern.split('/');
  const parts = path === '' ? [] : path.split('/');
  const open = wanted.at(-1) === '**';
  if (open) wanted.pop();
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((each, i) => component(each, parts[i] ?? '', names));
}
