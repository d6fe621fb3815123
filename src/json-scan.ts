// SPDX-License-Identifier: Apache-2.0
// JSON with the place of everything in it, so that a part can be changed and all else stays as somebody wrote it.
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { SecureError } from './errors.ts';

export interface JsonMember {
  readonly key: string;
  /** Offset of the quote that the key begins with. */
  readonly at: number;
  readonly value: JsonNode;
}
export interface JsonNode {
  readonly start: number;
  /** The offset after its last character. */
  readonly end: number;
  /** Of an object; undefined: it is something else. */
  readonly members?: readonly JsonMember[];
}

/** Line and column of an offset, both from 1. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function nodeOf({ type, offset, length, children = [] }: Node): JsonNode {
  const place = { start: offset, end: offset + length };
  if (type !== 'object') return place;
  const members = children.flatMap(({ children: [key, value] = [] }): JsonMember[] =>
    key === undefined || value === undefined ? [] : [{ key: String(key.value), at: key.offset, value: nodeOf(value) }],
  );
  return { ...place, members };
}

/** @throws SecureError CONFIG_INVALID with the position */
export function scanJson(text: string, file: string): JsonNode {
  const invalid = (why: string, offset: number, cause?: unknown): SecureError =>
    new SecureError('CONFIG_INVALID', `this is not JSON: ${why}`, {
      position: { file, ...positionAt(text, offset) },
      hint: 'correct the file first; nothing was changed',
      cause,
    });
  // Some editors begin a file with a byte order mark, and newer daemons read it.
  const mark = text.startsWith('\uFEFF') ? 1 : 0;
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(mark === 1 ? ` ${text.slice(1)}` : text, errors, {
      disallowComments: true,
      allowTrailingComma: false,
    });
  } catch (cause) {
    // It calls itself for each level.
    if (!(cause instanceof RangeError)) throw cause;
    throw invalid('it is nested more deeply than any configuration', 0, cause);
  }
  const [first] = errors;
  if (first !== undefined) {
    const words = printParseErrorCode(first.error).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    throw invalid(words.toLowerCase(), first.offset);
  }
  try {
    JSON.parse(text.slice(mark));
  } catch (cause) {
    throw invalid((cause as Error).message, 0, cause);
  }
  if (root === undefined) throw invalid('there is no value', 0);
  return nodeOf(root);
}
