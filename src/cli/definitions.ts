// SPDX-License-Identifier: Apache-2.0
// Constructors of oclif's flag and argument definitions, shape for shape, without loading oclif: it costs more
// than all of the rest of a `secure ps`. Help, which is the reader of most of what they hold, loads it.
import type { Args as OclifArgs, Flags as OclifFlags, Interfaces } from '@oclif/core';

type Options = Record<string, unknown>;

const verbatim = async (input: unknown): Promise<unknown> => input;

function option(defaults: Options = {}): (options?: Options) => Options {
  return (options = {}) => ({
    parse: verbatim,
    ...defaults,
    ...options,
    input: [],
    multiple: Boolean(options['multiple'] ?? defaults['multiple']),
    type: 'option',
  });
}

function boolean(options: Options = {}): Options {
  return { parse: verbatim, ...options, allowNo: Boolean(options['allowNo']), type: 'boolean' };
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
