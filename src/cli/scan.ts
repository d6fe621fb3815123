// SPDX-License-Identifier: Apache-2.0
// Splits argv into flags and operands by the one table of flag definitions. oclif's own parser takes a value that looks
// like a flag for a flag, reorders what is left and reads stdin for a missing argument; a container's command line
// must survive unchanged, so it never sees one.

/** The part of an oclif flag definition that decides how argv is cut. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly charAliases?: readonly string[] | undefined;
  readonly allowNo?: boolean | undefined;
}
export type FlagTable = Readonly<Record<string, FlagShape>>;

export type Token =
  | { readonly kind: 'flag'; readonly name: string; readonly as: string; readonly value: string | boolean }
  | { readonly kind: 'operand'; readonly value: string }
  /** `value` stands where only true or false can. */
  | { readonly kind: 'not-boolean'; readonly as: string; readonly value: string }
  | { readonly kind: 'no-value'; readonly as: string }
  | { readonly kind: 'unknown'; readonly as: string };

interface Names {
  readonly long: ReadonlyMap<string, string>;
  readonly short: ReadonlyMap<string, string>;
}

function names(table: FlagTable): Names {
  const long = new Map<string, string>();
  const short = new Map<string, string>();
  for (const [name, flag] of Object.entries(table)) {
    for (const word of [name, ...(flag.aliases ?? [])]) long.set(word, name);
    for (const char of [flag.char, ...(flag.charAliases ?? [])]) if (char !== undefined) short.set(char, name);
  }
  return { long, short };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function booleanToken(name: string, as: string, text: string): Token {
  const value = BOOLEANS.get(text.toLowerCase());
  return value === undefined ? { kind: 'not-boolean', as, value: text } : { kind: 'flag', name, as, value };
}

/** One `--word` or `--word=value`. Returns the token and whether the next argument was its value. */
function longToken(argument: string, next: string | undefined, table: FlagTable, known: Names): [Token, boolean] {
  const equals = argument.indexOf('=');
  const as = equals < 0 ? argument : argument.slice(0, equals);
  const inline = equals < 0 ? undefined : argument.slice(equals + 1);
  const word = as.slice(2);
  const name = known.long.get(word);
  if (name === undefined) {
    const positive = word.startsWith('no-') ? known.long.get(word.slice(3)) : undefined;
    if (positive !== undefined && table[positive]?.allowNo === true && inline === undefined) {
      return [{ kind: 'flag', name: positive, as, value: false }, false];
    }
    return [{ kind: 'unknown', as }, false];
  }
  if (table[name]?.type === 'boolean') {
    return [inline === undefined ? { kind: 'flag', name, as, value: true } : booleanToken(name, as, inline), false];
  }
  if (inline !== undefined) return [{ kind: 'flag', name, as, value: inline }, false];
  return next === undefined ? [{ kind: 'no-value', as }, false] : [{ kind: 'flag', name, as, value: next }, true];
}

/** One cluster: `-i`, `-it`, `-ite A=1`, `-iteA=1`, `-e=A=1`. */
function shortTokens(cluster: string, next: string | undefined, table: FlagTable, known: Names): [Token[], boolean] {
  const tokens: Token[] = [];
  const characters = [...cluster.slice(1)];
  for (const [i, char] of characters.entries()) {
    const as = `-${char}`;
    const name = known.short.get(char);
    if (name === undefined) return [[...tokens, { kind: 'unknown', as: i === 0 ? cluster : as }], false];
    const rest = characters.slice(i + 1).join('');
    const inline = rest.startsWith('=') ? rest.slice(1) : rest;
    if (table[name]?.type === 'option') {
      if (rest !== '') return [[...tokens, { kind: 'flag', name, as, value: inline }], false];
      if (next === undefined) return [[...tokens, { kind: 'no-value', as }], false];
      return [[...tokens, { kind: 'flag', name, as, value: next }], true];
    }
    if (rest.startsWith('=')) return [[...tokens, booleanToken(name, as, inline)], false];
    tokens.push({ kind: 'flag', name, as, value: true });
  }
  return [tokens, false];
}

/**
 * The tokens of `argv` in order. With `verbatim` the first operand ends the flags: it and everything after it are operands
 * as they stand. A value is whatever comes next, even when it looks like a flag, as in docker and podman.
 */
export function* scan(argv: readonly string[], table: FlagTable, verbatim: boolean): Generator<Token, void, undefined> {
  const known = names(table);
  let operandsOnly = false;
  for (let i = 0; i < argv.length; i += 1) {
    const argument = argv[i] ?? '';
    if (operandsOnly || argument === '-' || !argument.startsWith('-')) {
      operandsOnly ||= verbatim;
      yield { kind: 'operand', value: argument };
      continue;
    }
    if (argument === '--') {
      operandsOnly = true;
      continue;
    }
    if (argument.startsWith('--')) {
      const [token, took] = longToken(argument, argv[i + 1], table, known);
      if (took) i += 1;
      yield token;
    } else {
      const [tokens, took] = shortTokens(argument, argv[i + 1], table, known);
      if (took) i += 1;
      yield* tokens;
    }
  }
}
