// SPDX-License-Identifier: Apache-2.0
import type { Fix } from './fix/types.ts';

/** Lines of YAML below something; for examples. @param by columns */
export const indent = (text: string, by: number): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(by) + line)
    .join('\n');

/**
 * A repair of what is found at the place of one value in a YAML file: it is written there.
 * @param at the place, where it is below that of the problem: `/type`
 */
export const sets = (
  value: string | boolean | readonly string[],
  { at = '', ...about }: { readonly does: string; readonly risk: string; readonly at?: string },
): Fix<{ readonly line: number }> => ({
  ...about,
  edits: ({ line }, { location: { pointer } }) =>
    pointer === undefined ? [] : [{ kind: 'yaml', line, at: pointer + at, value }],
});
