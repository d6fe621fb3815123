// SPDX-License-Identifier: Apache-2.0

export interface Import {
  specifier: string;
  line: number;
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

// One alternation, tried at each place from left to right, so that a quote in a comment and a comment in a string are
// what they are. A slash starts a regular expression only where no value can end.
const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|(?<template>`(?:\\[\s\S]|[^`\\])*`)|(?<=(?:^|[(,=:[!&|?{};+\n]|\breturn)\s*)(?<regex>\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/)/g;

/** The source with comments, templates and regular expressions blanked out; positions stay the same. */
export function code(source: string): string {
  return source.replace(token, (text, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    return groups.string === undefined ? blank(text) : text;
  });
}

/** Every module that a source names: static, re-exported, type-only, dynamic and required ones. */
export function imports(source: string): Import[] {
  const text = code(source);
  const found: Import[] = [];
  for (const match of text.matchAll(
    /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(?:'([^'\n]*)'|"([^"\n]*)")/g,
  )) {
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ specifier: match[1] ?? match[2] ?? '', line });
  }
  return found;
}

/** Lines with a dynamic import whose module is computed: nothing can be said about those. */
export function computedImports(source: string): number[] {
  const text = code(source);
  return [...text.matchAll(/\bimport\s*\((?!\s*['"])/g)].map((match) => text.slice(0, match.index).split('\n').length);
}
