// SPDX-License-Identifier: Apache-2.0
// Text in the page: names and messages come from what was audited, and mean only themselves.
import { printable } from '../../../terminal.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text, for elements and for attributes in quotes. */
export function quoted(text: string): string {
  return printable(text.toWellFormed()).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}

/** Text of checks: lines keep their breaks, and what is in backticks, or in quotes that are no apostrophes, is code. */
export const prose = (text: string): string =>
  text
    .split('\n')
    .map((line) =>
      quoted(line)
        .replace(/`([^`]+)`/g, '<code>$1</code>')
        .replace(/(?<=^|[\s(])&#39;(.+?)&#39;(?=[\s.,;:)]|$)/g, '<code>$1</code>'),
    )
    .join('<br>');

/** A link to another page; what is no https address is text. */
export const link = (url: string, text: string): string =>
  url.startsWith('https://') ? `<a href="${quoted(url)}" rel="noreferrer">${quoted(text)}</a>` : quoted(text);

export const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
