// SPDX-License-Identifier: Apache-2.0
// One member of a JSON file is set or removed; order, indentation and everything else stay byte for byte.
import { SecureError } from './errors.ts';
import { type JsonMember, type JsonNode, positionAt, scanJson } from './json-scan.ts';

type Path = readonly [string, ...string[]];

function invalid(text: string, file: string, at: number, message: string, hint: string): SecureError {
  return new SecureError('CONFIG_INVALID', message, {
    position: { file, ...positionAt(text, at) },
    hint,
  });
}

/** Its members. Of a key that is there twice programs take the first, the last or a mixture: nobody can say what a change would do. */
function membersOf(text: string, file: string, node: JsonNode, what: string): readonly JsonMember[] {
  if (node.members === undefined)
    throw invalid(text, file, node.start, `${what} is not an object`, 'correct the file first; nothing was changed');
  const seen = new Set<string>();
  for (const { key, at } of node.members) {
    if (seen.has(key))
      throw invalid(text, file, at, `${JSON.stringify(key)} is there twice`, 'remove one of them; nothing was changed');
    seen.add(key);
  }
  return node.members;
}

/** The member at `path`, or undefined. @throws SecureError CONFIG_INVALID: not JSON; something on the way is no object */
function find(text: string, file: string, path: Path): { parent: JsonNode; member: JsonMember } | undefined {
  let parent = scanJson(text, file);
  for (const [index, key] of path.entries()) {
    const what = index === 0 ? 'the file' : JSON.stringify(path.slice(0, index).join('.'));
    const member = membersOf(text, file, parent, what).find((each) => each.key === key);
    if (member === undefined) return undefined;
    if (index === path.length - 1) return { parent, member };
    parent = member.value;
  }
  return undefined;
}

/** What is said at `path`, or undefined. */
export function jsonValue(text: string, file: string, path: Path): unknown {
  const found = find(text, file, path);
  return found === undefined ? undefined : JSON.parse(text.slice(found.member.value.start, found.member.value.end));
}

/** The white space that the line of an offset begins with. */
const indentAt = (text: string, offset: number): string =>
  /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
const unitOf = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
const eolOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

function render(text: string, value: unknown, indent: string): string {
  return JSON.stringify(value, undefined, unitOf(text)).replaceAll('\n', `${eolOf(text)}${indent}`);
}

function insert(text: string, object: JsonNode, key: string, value: unknown): string {
  const last = object.members?.at(-1);
  const own = indentAt(text, object.start);
  if (last === undefined) {
    const inner = `${own}${unitOf(text)}`;
    const member = `${JSON.stringify(key)}: ${render(text, value, inner)}`;
    return `${text.slice(0, object.start)}{${eolOf(text)}${inner}${member}${eolOf(text)}${own}}${text.slice(object.end)}`;
  }
  const lines = text.slice(object.start, last.at).includes('\n');
  const before = lines ? `${eolOf(text)}${indentAt(text, last.at)}` : ' ';
  const rendered = lines ? render(text, value, indentAt(text, last.at)) : JSON.stringify(value);
  const at = last.value.end;
  return `${text.slice(0, at)},${before}${JSON.stringify(key)}: ${rendered}${text.slice(at)}`;
}

/** The text with `value` at `path`; objects on the way are made. @throws SecureError CONFIG_INVALID */
export function setJson(text: string, file: string, path: Path, value: unknown): string {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const found = find(text, file, path.slice(0, depth) as unknown as Path);
    if (found === undefined) continue;
    const node = found.member.value;
    const [next, ...rest] = path.slice(depth);
    if (next === undefined)
      return `${text.slice(0, node.start)}${render(text, value, indentAt(text, found.member.at))}${text.slice(node.end)}`;
    membersOf(text, file, node, JSON.stringify(path.slice(0, depth).join('.')));
    return insert(text, node, next, nest(rest, value));
  }
  const [first, ...rest] = path;
  return insert(text, scanJson(text, file), first, nest(rest, value));
}

const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, key) => ({ [key]: inner }), value);

/** The text without what is at `path`, with its comma. @throws SecureError CONFIG_INVALID */
export function removeJson(text: string, file: string, path: Path): string {
  const found = find(text, file, path);
  if (found === undefined) return text;
  const members = found.parent.members ?? [];
  const index = members.indexOf(found.member);
  const [before, after] = [members[index - 1], members[index + 1]];
  // From the end of the one before, so that its comma and the line break go too; the first one goes up to the next.
  if (before !== undefined) return text.slice(0, before.value.end) + text.slice(found.member.value.end);
  if (after !== undefined) return text.slice(0, found.member.at) + text.slice(after.at);
  return `${text.slice(0, found.parent.start)}{}${text.slice(found.parent.end)}`;
}

/** Whether an object without members is at `path`. */
export function isEmptyObject(text: string, file: string, path: Path): boolean {
  return find(text, file, path)?.member.value.members?.length === 0;
}
