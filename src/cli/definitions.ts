// SPDX-License-Identifier: Apache-2.0
// Constructors of oclif's flag and argument definitions, shape for shape, without loading oclif: it costs more
// than all of the rest of a `secure ps`. Help, which is the reader of most of what they hold, loads it.
import type { Interfaces, Args as OclifArgs, Flags as OclifFlags } from '@oclif/core';

type Options = Record<string, unknown>;

const verbatim = async (input: unknown): Promise<unknown> => input;

function option(defaults: Options = {}): (options?: Options) => Options {
  return (options = {}) => ({
    parse: verbatim,
    ...defaults,
    ...options,
    input: [],
    multiple: Boolean(options.multiple ?? defaults.multiple),
    type: 'option',
  });
}

function boolean(options: Options = {}): Options {
  return { parse: verbatim, ...options, allowNo: Boolean(options.allowNo), type: 'boolean' };
}

function argument(defaults: Options = {}): (options?: Options) => Options {
  return (options = {}) => ({ parse: verbatim, ...defaults, ...options, input: [], type: 'option' });
}

interface FlagConstructors {
  readonly string: typeof OclifFlags.string;
  readonly boolean: typeof OclifFlags.boolean;
  readonly custom: typeof OclifFlags.custom;
}

export const Flags = { string: option(), boolean, custom: option } as unknown as FlagConstructors;
export const Args = { string: argument(), custom: argument } as unknown as Pick<typeof OclifArgs, 'string' | 'custom'>;

export type FlagInput = Interfaces.FlagInput;
export type ArgInput = Interfaces.ArgInput;

/** Reads a value or throws INVALID_VALUE; the first argument is the flag's name for that error. */
type Read<T> = (flag: string, text: string) => T;
type Described = Pick<
  Interfaces.OptionFlag<unknown>,
  'description' | 'helpValue' | 'char' | 'aliases' | 'helpGroup' | 'exclusive'
>;
const reader =
  <T>(read: Read<T>) =>
  async (text: string, _: unknown, flag: { name: string }): Promise<T> =>
    read(flag.name, text);

/** A flag whose value is read by `read`. */
export function valueFlag<T>(read: Read<T>, described: Described): Interfaces.OptionFlag<T | undefined> {
  return option()({ ...described, parse: reader(read) }) as unknown as Interfaces.OptionFlag<T | undefined>;
}

/** The same, given any number of times; undefined when never. */
export function valuesFlag<T>(read: Read<T>, described: Described): Interfaces.OptionFlag<T[] | undefined> {
  return option({ multiple: true })({ ...described, parse: reader(read) }) as unknown as Interfaces.OptionFlag<
    T[] | undefined
  >;
}

/** The text as typed. */
export const asTyped = (_flag: string, text: string): string => text;
