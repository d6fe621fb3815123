// SPDX-License-Identifier: Apache-2.0
// A value in a YAML text: comments, order and form of all else stay, since only the place of the value is written to. JSON is YAML.
import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { ExitCode, SecureError } from '../../errors.ts';
import type { Edit, Spend, YamlEdit } from './types.ts';

/** Characters that are read again for edits that are made one by one. */
const MOST_READ = 1 << 20;

/** What they stand for is compared as often as they stand for it. */
const MOST_ALIASES = 100;

type Json = unknown;
type Splice = readonly [at: number, end: number, text: string];

function refused(why: string): SecureError {
  return new SecureError('FIX_REFUSED', `it is written in a way that takes a person: ${why}`, {
    hint: 'see what the check says',
    exitCode: ExitCode.usage,
  });
}

/** A scalar where nothing around it could take a part of it. */
const plain = (value: string | boolean, quoted: boolean): string =>
  typeof value === 'boolean'
    ? String(value)
    : !quoted && /^[A-Za-z][\w-]*(?::[A-Za-z][\w-]*)?$/.test(value)
      ? value
      : JSON.stringify(value);

/** Keys by which a value is found. */
const keysOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

const nest = (keys: readonly string[], value: Json): Json =>
  keys.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);

/** The same value with another one in it, which is what has to come out. */
function assigned(value: Json, [key, ...rest]: readonly string[], edit: YamlEdit): Json {
  if (key !== undefined) {
    if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? assigned(item, rest, edit) : item));
    const fields = (value ?? {}) as Record<string, Json>;
    return { ...fields, [key]: assigned(fields[key], rest, edit) };
  }
  if (!Array.isArray(edit.value)) return edit.value;
  const items = (value ?? []) as Json[];
  const kept = items.filter((item) => !edit.instead?.includes(String(item)));
  const at = items.findIndex((item) => edit.instead?.includes(String(item)));
  return at < 0 ? [...items, ...edit.value] : [...kept.slice(0, at), ...edit.value, ...kept.slice(at)];
}

class Editor {
  readonly #text: string;
  readonly #document: Document;
  readonly #eol: string;

  constructor(text: string) {
    this.#text = text;
    this.#document = parseDocument(text, { uniqueKeys: false, schema: 'core' });
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
  }

  /** @throws SecureError FIX_REFUSED: what its aliases stand for is too much */
  get value(): Json {
    try {
      return this.#document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      throw refused((error as Error).message);
    }
  }

  #range(node: unknown): [number, number] {
    const range = (node as Node | null)?.range;
    if (range == null) throw refused('something on the way has no place of its own');
    return [range[0], range[1]];
  }

  #column(at: number): number {
    return at - (this.#text.lastIndexOf('\n', at - 1) + 1);
  }

  #lineEnd(at: number): number {
    const end = this.#text.indexOf('\n', at);
    return end < 0 ? this.#text.length : end;
  }

  #child(node: Node, key: string): { key?: Node; value: Node | null } | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(key)];
      return item === undefined ? undefined : { value: item as Node };
    }
    if (!isMap(node)) throw refused(`${key} would be in something that is no mapping`);
    const pair = node.items.find((one) => isScalar(one.key) && one.key.value === key);
    return pair === undefined ? undefined : { key: pair.key as Node, value: pair.value as Node | null };
  }

  /** What an edit puts where. */
  splice(edit: YamlEdit): Splice {
    const keys = keysOf(edit.at);
    let node = this.#document.contents as Node | null;
    let named: Node | undefined;
    for (let depth = 0; depth <= keys.length; depth += 1) {
      if (node !== null && (isAlias(node) || (node as { anchor?: string }).anchor !== undefined))
        throw refused('it is one with other places, by an anchor');
      const [key] = keys.slice(depth);
      if (key === undefined) return this.#set(named, node, edit);
      const isNull = node === null || (isScalar(node) && node.value === null);
      if (isNull) return this.#fill(named, node, nest(keys.slice(depth), edit.value));
      const child = this.#child(node as Node, key);
      if (child === undefined) {
        const map = node as YAMLMap;
        // A list of its own takes the place of the one that is merged in.
        if (Array.isArray(edit.value) && map.items.some((one) => isScalar(one.key) && one.key.value === '<<'))
          throw refused('what it has by << would be lost');
        return this.#insert(map, key, nest(keys.slice(depth + 1), edit.value));
      }
      [named, node] = [child.key, child.value];
    }
    throw refused('it is not there');
  }

  #set(named: Node | undefined, node: Node | null, edit: YamlEdit): Splice {
    const { value, instead = [] } = edit;
    if (node === null || (isScalar(node) && node.value === null)) return this.#fill(named, node, value);
    if (!Array.isArray(value)) {
      if (!isScalar(node)) throw refused('it is no single value');
      const [start, end] = this.#range(node);
      if (this.#text.slice(start, end).includes('\n')) throw refused('it is a text of several lines');
      return [start, end, plain(value as string | boolean, this.#text[start] === '"')];
    }
    if (!isSeq(node)) throw refused('it is no list');
    const old = node.items.find((item) => isScalar(item) && instead.includes(String(item.value)));
    const [only, ...more] = value as readonly string[];
    if (only === undefined || more.length > 0) throw refused('it is more than one value');
    if (old !== undefined) {
      const [start, end] = this.#range(old);
      return [start, end, plain(only, node.flow === true)];
    }
    return this.#append(node, only);
  }

  #append(list: YAMLSeq, value: string): Splice {
    const last = list.items.at(-1);
    if (list.flow === true) {
      const [start, end] = this.#range(list);
      if (last === undefined) return [start, end, `[${plain(value, true)}]`];
      const [, at] = this.#range(last);
      return [at, at, `, ${plain(value, true)}`];
    }
    const [start] = this.#range(list);
    const at = this.#behind(this.#range(last)[1], this.#column(start));
    return [at, at, this.#line(at, `${' '.repeat(this.#column(start))}- ${plain(value, false)}`)];
  }

  /** Where a line can begin that follows this: behind its own line, and comments that stand in as far. */
  #behind(end: number, indent: number): number {
    let at = end > 0 && this.#text[end - 1] === '\n' ? end : Math.min(this.#text.length, this.#lineEnd(end) + 1);
    for (;;) {
      const comment = /^([ \t]*)#[^\n]*(?:\n|$)/.exec(this.#text.slice(at, this.#lineEnd(at) + 1));
      if (comment === null || (comment[1] ?? '').length < Math.max(1, indent)) return at;
      at += comment[0].length;
    }
  }

  #line(at: number, line: string): string {
    const isWithin = at === this.#text.length && !this.#text.endsWith('\n');
    return isWithin ? `${this.#eol}${line}` : `${line}${this.#eol}`;
  }

  /** Lines of a pair in block style. */
  #block(indent: number, key: string, value: Json): string {
    const pad = ' '.repeat(indent);
    if (Array.isArray(value))
      return [`${pad}${key}:`, ...value.map((item) => `${pad}  - ${plain(item as string, false)}`)].join(this.#eol);
    if (typeof value !== 'object' || value === null) return `${pad}${key}: ${plain(value as string | boolean, false)}`;
    const inner = Object.entries(value).map(([name, one]) => this.#block(indent + 2, name, one));
    return [`${pad}${key}:`, ...inner].join(this.#eol);
  }

  /** A value for a key that has none. */
  #fill(named: Node | undefined, node: Node | null, value: Json): Splice {
    if (named === undefined) throw refused('it has no name');
    const [, keyEnd] = this.#range(named);
    if (node !== null && node.range != null && node.range[1] > node.range[0]) {
      // `null` and `~` are written out.
      const [start, end] = this.#range(node);
      if (typeof value === 'object') return [start, end, JSON.stringify(value)];
      return [start, end, plain(value as string | boolean, false)];
    }
    const colon = this.#text.indexOf(':', keyEnd);
    if (colon < 0 || this.#text.slice(keyEnd, colon).trim() !== '') throw refused('its key has no colon behind it');
    const text = typeof value === 'object' ? JSON.stringify(value) : plain(value as string | boolean, false);
    return [colon + 1, colon + 1, ` ${text}`];
  }

  #insert(map: YAMLMap, key: string, value: Json): Splice {
    const [start, end] = this.#range(map);
    const last = map.items.at(-1);
    if (map.flow === true) {
      if (last === undefined) return [start, end, `{${JSON.stringify(key)}: ${JSON.stringify(value)}}`];
      const [, at] = this.#range(last.value);
      const [keyStart] = this.#range(last.key);
      const before = this.#text.slice(this.#text.lastIndexOf('\n', keyStart - 1) + 1, keyStart);
      const glue = before.trim() === '' && keyStart > before.length ? `,${this.#eol}${before}` : ', ';
      const isJson = this.#text[keyStart] === '"';
      return [at, at, `${glue}${isJson ? JSON.stringify(key) : key}: ${JSON.stringify(value)}`];
    }
    if (last === undefined) throw refused('the mapping has nothing in it');
    const indent = this.#column(this.#range(map.items[0]?.key)[0]);
    const at = this.#behind(last.value === null ? this.#range(last.key)[1] : this.#range(last.value)[1], indent);
    return [at, at, this.#line(at, this.#block(indent, key, value))];
  }
}

let latest: readonly [string, Editor] | undefined;

/** Of the text that was read last it is known: most edits that are refused leave the text as it was. */
function editorOf(text: string): Editor {
  if (latest?.[0] !== text) latest = [text, new Editor(text)];
  return latest[1];
}

function edited(text: string, edit: YamlEdit, spend: Spend): string {
  const editor = editorOf(text);
  const [at, end, put] = editor.splice(edit);
  const before = editor.value;
  const made = text.slice(0, at) + put + text.slice(end);
  spend(made.length);
  // Whatever the form: it means what it should, and nothing else means anything else.
  let after: Json;
  try {
    after = new Editor(made).value;
  } catch (error) {
    throw refused((error as Error).message);
  }
  if (isDeepStrictEqual(after, assigned(before, keysOf(edit.at), edit))) return made;
  throw refused('its form is not one that is edited');
}

/** All of one document by one reading; undefined: they are in each other's way, or one of them cannot be done. */
function editedTogether(text: string, edits: readonly YamlEdit[], spend: Spend): string | undefined {
  let made = text;
  try {
    const editor = editorOf(text);
    const splices = edits.map((edit) => editor.splice(edit)).sort(([a], [b]) => b - a);
    if (splices.some(([, end], i) => i > 0 && end >= (splices[i - 1] as Splice)[0])) return undefined;
    for (const [at, end, put] of splices) made = made.slice(0, at) + put + made.slice(end);
    spend(made.length);
    const wanted = edits.reduce((value, edit) => assigned(value, keysOf(edit.at), edit), editor.value);
    return isDeepStrictEqual(new Editor(made).value, wanted) ? made : undefined;
  } catch {
    // One by one it is said which, and why.
    return undefined;
  }
}

function editedOneByOne(text: string, edits: readonly YamlEdit[], spend: Spend): string {
  let [made, left] = [text, MOST_READ];
  for (const [i, edit] of edits.entries()) {
    left -= made.length;
    // Of one it is said why not, however long the text is.
    if (i > 0 && left < 0)
      throw new SecureError('FIX_REFUSED', 'there is too much to repair at once', { hint: 'run it again' });
    made = edited(made, edit, spend);
  }
  return made;
}

/**
 * The text with all of them, each in the document that its line is in.
 * @throws SecureError FIX_REFUSED: an anchor, a merge or a form that is not edited; what `spend` throws
 */
export function yamlEditor(text: string, edits: readonly Edit[], spend: Spend = () => undefined): string {
  // As documents are told from each other when they are read; their lines are those before any edit.
  const parts = text.split(/^(?=---(?:[ \t\r\n]|$))/m);
  const ends: number[] = [];
  for (const part of parts) ends.push((ends.at(-1) ?? 1) + part.split('\n').length - 1);
  const byPart = Map.groupBy(
    edits.filter((edit) => edit.kind === 'yaml'),
    ({ line }) => {
      const found = ends.findIndex((end) => line < end);
      return found < 0 ? parts.length - 1 : found;
    },
  );
  for (const [index, own] of byPart) {
    const part = parts[index] ?? '';
    parts[index] = editedTogether(part, own, spend) ?? editedOneByOne(part, own, spend);
  }
  return parts.join('');
}
