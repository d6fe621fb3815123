// SPDX-License-Identifier: Apache-2.0
// Keys of a TOML file are set or removed; comments, order and everything else stay byte for byte.
import { isDeepStrictEqual } from 'node:util';
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
import { SecureError } from '../../errors.ts';

export type TomlValue = string | boolean | number | readonly string[];
type Path = readonly string[];

interface Entry {
  /** With the names of the tables that it is in. */
  readonly path: Path;
  readonly node: AST.TOMLKeyValue;
}
interface Table {
  readonly path: Path;
  readonly node: AST.TOMLTable;
}
export interface TomlFile {
  readonly text: string;
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly entries: readonly Entry[];
  readonly tables: readonly Table[];
  readonly comments: readonly AST.Comment[];
}

const names = (key: AST.TOMLKey): string[] =>
  key.keys.map((each) => (each.type === 'TOMLBare' ? each.name : each.value));
const startsWith = (path: Path, prefix: Path): boolean => prefix.every((name, index) => path[index] === name);
const same = (a: Path, b: Path): boolean => a.length === b.length && startsWith(a, b);
const eolOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** @throws SecureError CONFIG_INVALID with the position */
export function parseToml(text: string, file: string): TomlFile {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0' });
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause;
    throw new SecureError('CONFIG_INVALID', `this is not TOML: ${cause.message}`, {
      position: { file, line: cause.lineNumber, column: cause.column + 1 },
      hint: 'correct the file first; nothing was changed',
      cause,
    });
  }
  const entries: Entry[] = [];
  const tables: Table[] = [];
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') entries.push({ path: names(node.key), node });
    else {
      const path = node.resolvedKey.map(String);
      tables.push({ path, node });
      for (const inner of node.body) entries.push({ path: [...path, ...names(inner.key)], node: inner });
    }
  }
  const value = getStaticTOMLValue(program) as Record<string, unknown>;
  return { text, file, value, entries, tables, comments: program.comments };
}

/** What is said at `path`, or undefined. */
export function tomlValue(toml: TomlFile, path: Path): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    toml.value,
  );
}

const bare = (name: string): string => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
const literal = (value: TomlValue): string =>
  Array.isArray(value) ? `[${value.map((each) => JSON.stringify(each)).join(', ')}]` : JSON.stringify(value);

/** Offset of the line that `at` is in, and of the next one. */
const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;
function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

function uneditable({ file }: TomlFile, path: Path, node: AST.TOMLNode | undefined): SecureError {
  const place = node === undefined ? {} : { line: node.loc.start.line, column: node.loc.start.column + 1 };
  return new SecureError('CONFIG_INVALID', `${path.map(bare).join('.')} cannot be set beside what is there`, {
    position: { file, ...place },
    hint: 'write what is there as a table of its own: [a.b] in a line, and a key in each line below; nothing was changed',
  });
}

function withValue(toml: TomlFile, path: Path, value: TomlValue): string {
  const { text, entries, tables } = toml;
  const known = entries.find((entry) => same(entry.path, path));
  if (known !== undefined) {
    const [start, end] = known.node.value.range;
    return text.slice(0, start) + literal(value) + text.slice(end);
  }
  const eol = eolOf(text);
  const parent = path.slice(0, -1);
  const line = `${bare(path.at(-1) ?? '')} = ${literal(value)}`;
  const table = tables.find((each) => same(each.path, parent) && each.node.kind === 'standard');
  if (table !== undefined) {
    const last = table.node.body.at(-1) ?? table.node.key;
    const at = lineEnd(text, last.range[1]);
    const start = lineStart(text, last.range[0]);
    const indent = /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
    const separator = text[at - 1] === '\n' ? '' : eol;
    return `${text.slice(0, at)}${separator}${indent}${line}${eol}${text.slice(at)}`;
  }
  if (parent.length === 0) {
    const before = tables[0]?.node.range[0];
    if (before !== undefined)
      return `${text.slice(0, lineStart(text, before))}${line}${eol}${text.slice(lineStart(text, before))}`;
  }
  const gap =
    text === ''
      ? ''
      : `${text.endsWith('\n') ? '' : eol}${/(^|\n)\r?\n$/.test(text) || parent.length === 0 ? '' : eol}`;
  const header = parent.length === 0 ? '' : `[${parent.map(bare).join('.')}]${eol}`;
  return `${text}${gap}${header}${line}${eol}`;
}

function put(value: unknown, [name, ...rest]: Path, leaf: TomlValue): unknown {
  if (name === undefined) return leaf;
  const object = (value ?? {}) as Record<string, unknown>;
  return { ...object, [name]: put(object[name], rest, leaf) };
}

/**
 * The text with `value` at `path`. What it means afterwards is compared with what it should: a table may be written in more ways than one.
 * @throws SecureError CONFIG_INVALID: not TOML; an inline table, a list or a value is in the way
 */
export function setToml(text: string, file: string, path: Path, value: TomlValue): string {
  const toml = parseToml(text, file);
  const way = toml.entries.find((entry) => entry.path.length < path.length && startsWith(path, entry.path));
  if (way !== undefined) throw uneditable(toml, path, way.node);
  const made = withValue(toml, path, value);
  let after: unknown;
  try {
    after = parseToml(made, file).value;
  } catch {
    throw uneditable(toml, path, undefined);
  }
  if (!isDeepStrictEqual(after, put(toml.value, path, value))) throw uneditable(toml, path, undefined);
  return made;
}

/** With the empty line that parts it from what is above. */
function headerStart(text: string, { range }: AST.TOMLTable): number {
  const first = lineStart(text, range[0]);
  return first - (/(?:^|\n)(\r?\n)$/.exec(text.slice(0, first))?.[1]?.length ?? 0);
}

/** The text without the header of a table that has no keys of its own; the tables below it stay. */
export function removeHeader(text: string, file: string, path: Path): string {
  const table = parseToml(text, file).tables.find((each) => same(each.path, path));
  if (table === undefined || table.node.body.length > 0) return text;
  return text.slice(0, headerStart(text, table.node)) + text.slice(lineEnd(text, table.node.key.range[1]));
}

/** The text without what is at and below `path`: the key, or the tables. @throws SecureError CONFIG_INVALID */
export function removeToml(text: string, file: string, path: Path): string {
  const toml = parseToml(text, file);
  const cuts: [number, number][] = [];
  for (const { path: name, node } of toml.entries)
    if (startsWith(name, path)) cuts.push([lineStart(text, node.range[0]), lineEnd(text, node.range[1])]);
  for (const { path: name, node } of toml.tables) {
    if (!startsWith(name, path)) continue;
    cuts.push([headerStart(text, node), lineEnd(text, (node.body.at(-1) ?? node.key).range[1])]);
  }
  let [made, at] = ['', 0];
  for (const [start, end] of cuts.sort(([a], [b]) => a - b)) {
    if (start > at) made += text.slice(at, start);
    at = Math.max(at, end);
  }
  made += text.slice(at);
  if (tomlValue(parseToml(made, file), path) !== undefined) throw uneditable(toml, path, undefined);
  return made;
}
