// SPDX-License-Identifier: Apache-2.0

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Text for elements and for attributes in double quotes; what XML 1.0 has no form for is left out. */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\t\n\P{Cc}]|[\ufffe\uffff]/gu, '')
    .replace(/[&<>"\n]/g, (character) => ENTITIES[character] ?? '');
