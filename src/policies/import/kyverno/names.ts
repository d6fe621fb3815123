// SPDX-License-Identifier: Apache-2.0
// Patterns of images. There `*` goes across slashes and `?` is one character; images of Docker Hub have no `library/`.

/** Patterns of ours that name at least what theirs names; `wider`: and more. */
export function patternsOf(pattern: string): { patterns: string[]; wider: boolean } {
  const text = pattern.replaceAll(/\*+/g, '**').replaceAll('?', '*');
  const wider = pattern.includes('?');
  const rest = text.startsWith('docker.io/') ? text.slice('docker.io/'.length) : undefined;
  const official = rest !== undefined && !rest.includes('/') && !rest.startsWith('**');
  return { patterns: official ? [text, `docker.io/library/${rest}`] : [text], wider };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** A name with `*` and `?` as the regular expression of the whole of it. */
export const globPattern = (glob: string): string =>
  glob
    .split(/([*?])/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : escaped(part)))
    .join('');

/** Theirs may stand anywhere in the text, ours is one of all of it. */
export function wholeOf(pattern: string): string {
  const open = pattern.startsWith('^') ? '' : '.*';
  const close = pattern.endsWith('$') && !pattern.endsWith('\\$') ? '' : '.*';
  const inner = pattern.slice(open === '' ? 1 : 0, close === '' ? -1 : undefined);
  return `${open}(?:${inner})${close}`;
}
