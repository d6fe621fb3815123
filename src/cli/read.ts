// SPDX-License-Identifier: Apache-2.0
// From tokens to values: the flags and arguments of one command, or one error that names what is wrong.
import type { Interfaces } from '@oclif/core';
import { SecureError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import type { ArgInput, FlagInput } from './definitions.ts';
import { type FlagTable, scan, type Token } from './scan.ts';

export interface ArgumentSpec {
  readonly flags: FlagInput;
  readonly args: ArgInput;
  /** The first operand ends the flags; all after it is passed on untouched. */
  readonly verbatim: boolean;
  /** As typed, for messages: `secure image ls`. */
  readonly invocation: string;
}
export interface Arguments {
  readonly flags: Record<string, unknown>;
  readonly args: Record<string, unknown>;
  /** Every operand. */
  readonly argv: readonly string[];
}
/** Thrown for `--help`: not a failure, but nothing else of the command may run. */
export class HelpRequested extends Error {}

const HELP = { help: { type: 'boolean', char: 'h' } } as const;

/** The command's own flags win: `-h` is the host name for `secure run`. */
export function withHelp(flags: FlagInput): FlagTable {
  const taken = Object.values(flags).some((flag) => flag.char === 'h');
  return { ...(taken ? { help: { type: 'boolean' } } : HELP), ...flags } as FlagTable;
}

/** Whether the user asked for JSON, as far as argv can be read: an error in argv itself is printed that way too. */
export function wantsJson(argv: readonly string[], spec: Pick<ArgumentSpec, 'flags' | 'verbatim'>): boolean {
  for (const token of scan(argv, withHelp(spec.flags), spec.verbatim)) {
    if (token.kind === 'flag' && token.name === 'json') return token.value === true;
    if (spec.verbatim && token.kind === 'operand') return false;
  }
  return false;
}

function refuse(token: Exclude<Token, { kind: 'flag' | 'operand' }>, spec: ArgumentSpec): SecureError {
  const help = `see '${spec.invocation} --help'`;
  switch (token.kind) {
    case 'no-value':
      return new SecureError('MISSING_ARGUMENT', `flag ${token.as} needs a value`, { hint: help });
    case 'not-boolean':
      return invalidValue(token.as, token.value, 'true or false');
    case 'unknown': {
      const near = suggest(token.as.replace(/^-+/, ''), Object.keys(withHelp(spec.flags)));
      const hint = token.as.startsWith('--') && near !== undefined ? `did you mean --${near}?` : help;
      return new SecureError('UNKNOWN_FLAG', `unknown flag ${token.as} for '${spec.invocation}'`, { hint });
    }
  }
}

/** The error for every value that a flag or argument does not take. */
export function invalidValue(flag: string, value: string, expected: string): SecureError {
  return new SecureError('INVALID_VALUE', `${flag}: invalid value ${quote(value)}`, { hint: `expected ${expected}` });
}

/** In quotes, with control characters escaped and cut to one line: it may come from anywhere. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

type Definition = Interfaces.FlagInput[string] | Interfaces.ArgInput[string];

async function convert(definition: Definition, label: string, input: string): Promise<unknown> {
  const options = 'options' in definition ? definition.options : undefined;
  if (options !== undefined && !options.includes(input))
    throw invalidValue(label, input, `one of ${options.join(', ')}`);
  const parse = definition.parse as (input: string, context: unknown, definition: unknown) => Promise<unknown>;
  return parse(input, { token: { flag: label, input } }, { ...definition, name: label });
}

async function readFlags(
  spec: ArgumentSpec,
  given: Map<string, (string | boolean)[]>,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(spec.flags)) {
    const inputs = given.get(name);
    if (inputs === undefined) {
      if (flag.required === true) {
        throw new SecureError('MISSING_ARGUMENT', `flag --${name} is required by '${spec.invocation}'`);
      }
      const standing = flag.default as unknown;
      if (standing !== undefined) values[name] = typeof standing === 'function' ? await standing({}) : standing;
      else if (flag.type === 'boolean') values[name] = false;
      continue;
    }
    for (const other of flag.exclusive ?? []) {
      if (given.has(other)) throw new SecureError('USAGE', `--${name} and --${other} cannot be used together`);
    }
    for (const other of flag.dependsOn ?? []) {
      if (!given.has(other)) throw new SecureError('USAGE', `--${name} needs --${other}`);
    }
    const last = inputs.at(-1);
    if (flag.type === 'boolean') values[name] = last;
    else if (flag.multiple) {
      const all: unknown[] = [];
      for (const input of inputs) all.push(await convert(flag, `--${name}`, String(input)));
      values[name] = all;
    } else values[name] = await convert(flag, `--${name}`, String(last));
  }
  return values;
}

async function readArgs(spec: ArgumentSpec, operands: readonly string[]): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  let next = 0;
  for (const [name, arg] of Object.entries(spec.args)) {
    const label = name.toUpperCase();
    const taken = arg.multiple === true ? operands.slice(next) : operands.slice(next, next + 1);
    next += taken.length;
    if (taken.length === 0) {
      if (arg.required === true) {
        throw new SecureError('MISSING_ARGUMENT', `'${spec.invocation}' needs ${label}`, {
          hint: `see '${spec.invocation} --help'`,
        });
      }
      if (arg.default !== undefined) values[name] = arg.default;
      continue;
    }
    const all: unknown[] = [];
    for (const input of taken) all.push(await convert(arg, label, input));
    values[name] = arg.multiple === true ? all : all[0];
  }
  const extra = operands[next];
  if (extra !== undefined && !spec.verbatim) {
    throw new SecureError('USAGE', `unexpected argument ${quote(extra)} for '${spec.invocation}'`, {
      hint: `see '${spec.invocation} --help'`,
    });
  }
  return values;
}

/**
 * Read the arguments of a command. A flag given twice counts the last time unless it is multiple, as in docker.
 * @throws SecureError UNKNOWN_FLAG, MISSING_ARGUMENT, INVALID_VALUE, USAGE; HelpRequested.
 */
export async function readArguments(argv: readonly string[], spec: ArgumentSpec): Promise<Arguments> {
  const given = new Map<string, (string | boolean)[]>();
  const operands: string[] = [];
  for (const token of scan(argv, withHelp(spec.flags), spec.verbatim)) {
    if (token.kind === 'operand') operands.push(token.value);
    else if (token.kind !== 'flag') throw refuse(token, spec);
    else if (token.name === 'help' && spec.flags.help === undefined) throw new HelpRequested();
    else given.set(token.name, [...(given.get(token.name) ?? []), token.value]);
  }
  return { flags: await readFlags(spec, given), args: await readArgs(spec, operands), argv: operands };
}
