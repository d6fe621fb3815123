// SPDX-License-Identifier: Apache-2.0
// A JSON object with the place of each of its members, for findings that point at a line.
import type { Region } from '../../types.ts';

export interface Member {
  readonly value: unknown;
  /** From the key to the end of the value. */
  readonly region: Region;
}
export type JsonObject =
  | { readonly status: 'object'; readonly members: Readonly<Record<string, Member>> }
  | { readonly status: 'invalid'; readonly why: string };

/** Regions of a text by offsets. The lines are counted once: a file of a million members is still read in a moment. */
function regions(text: string): (start: number, end: number) => Region {
  const lines = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  const position = (offset: number): { line: number; column: number } => {
    let [low, high] = [0, lines.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
  };
  return (start, end) => {
    const [from, to] = [position(start), position(end)];
    return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  };
}

/** Where the string that begins at `start` ends. By hand: a regular expression overflows its stack on one of megabytes. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function* tokens(text: string): Generator<{ word: string; index: number }> {
  const token = /[{}[\],:"]|[^\s{}[\],:"]+/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const { 0: first, index } = match;
    if (first === '"') token.lastIndex = stringEnd(text, index);
    yield { word: text.slice(index, token.lastIndex), index };
  }
}

/** Programs that read such files stop somewhere too; what walks the value has a stack. */
const DEPTH = 1000;

/** Members of the outermost object: key, and where it starts and its value ends; undefined: too deep. `text` is valid JSON. */
function outermost(text: string): { key: string; start: number; end: number }[] | undefined {
  const found: { key: string; start: number; end: number }[] = [];
  let depth = 0;
  let expectKey = false;
  let end = 0;
  let open: { key: string; start: number } | undefined;
  const finish = (): void => {
    if (open !== undefined) found.push({ ...open, end });
    open = undefined;
  };
  for (const { word, index } of tokens(text)) {
    if (word === '}' || word === ']') depth -= 1;
    if ((depth === 1 && word === ',') || depth === 0) finish();
    if (depth === 1 && expectKey && word.startsWith('"')) open = { key: JSON.parse(word) as string, start: index };
    if (word === '{' || word === '[') depth += 1;
    if (depth > DEPTH) return undefined;
    expectKey = depth === 1 && (word === '{' || word === ',');
    end = index + word.length;
  }
  return found;
}

/** The members of the object that `text` is. Of a key that is there twice the last counts, as for the programs that read it. */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    // The engine's message quotes the text; a control character in it is no news for a terminal.
    const why = String((thrown as Error).message)
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200);
    return { status: 'invalid', why: `it is not JSON: ${why}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { status: 'invalid', why: 'it is not a JSON object' };
  }
  const region = regions(text);
  const found = outermost(text);
  if (found === undefined) return { status: 'invalid', why: `it is nested more than ${DEPTH} deep` };
  const places = new Map(found.map(({ key, start, end }) => [key, region(start, end)]));
  const members = Object.entries(value).flatMap(([key, member]) => {
    const place = places.get(key);
    return place === undefined ? [] : [[key, { value: member as unknown, region: place }] as const];
  });
  return { status: 'object', members: Object.fromEntries(members) };
}
