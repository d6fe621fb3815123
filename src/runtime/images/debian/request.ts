// SPDX-License-Identifier: Apache-2.0
// A recipe and what the command line says beyond it.
import { resolve } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { fileIo } from '../../../policies/io.ts';
import { parseSettings, type SettingsText } from '../settings.ts';
import type { BuildOptions } from './build.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { parseSnapshot } from './snapshot.ts';
import { parseUser } from './users.ts';
import type { Variant } from './variant.ts';

/** Flags of `image debian`. */
export interface DebianFlags extends SettingsText {
  readonly recipe?: string | undefined;
  readonly name?: string | undefined;
  readonly variant?: string | undefined;
  readonly minimal?: boolean | undefined;
  readonly suite?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly 'add-user'?: readonly string[] | undefined;
}

const EMPTY: Recipe = { packages: [], users: [], settings: {} };

function readRecipe(path: string): Recipe {
  let text: string;
  try {
    text = fileIo([]).read(resolve(path)).text;
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    throw new SecureError('RECIPE_UNREADABLE', error.message, {
      hint: 'give the path of a YAML file of at most 1 MiB',
      position: { file: path },
      cause: error,
    });
  }
  return parseRecipe(text, path);
}

/** `NAME=VALUE`, the later one of each name. */
const byName = (pairs: readonly string[]) => [
  ...new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair])).values(),
];

function merged(recipe: SettingsText, flags: SettingsText): SettingsText {
  const both = (key: 'env' | 'label' | 'port' | 'volume') => [...(recipe[key] ?? []), ...(flags[key] ?? [])];
  const some = (list: readonly string[]) => (list.length === 0 ? undefined : list);
  return {
    user: flags.user ?? recipe.user,
    entrypoint: flags.entrypoint ?? recipe.entrypoint,
    cmd: flags.cmd ?? recipe.cmd,
    workdir: flags.workdir ?? recipe.workdir,
    'stop-signal': flags['stop-signal'] ?? recipe['stop-signal'],
    env: some(byName(both('env'))),
    label: some(byName(both('label'))),
    port: some(both('port')),
    volume: some(both('volume')),
  };
}

/**
 * What to build. A flag stands in place of what the recipe says; packages, users, ports, volumes, variables and labels are added to its own.
 * @throws SecureError INVALID_VALUE, MISSING_ARGUMENT, RECIPE_*
 */
export function debianRequest(packages: readonly string[], flags: DebianFlags): BuildOptions {
  const recipe = flags.recipe === undefined ? EMPTY : readRecipe(flags.recipe);
  const name = flags.name ?? recipe.name;
  const all = [...new Set([...recipe.packages, ...packages])];
  const missing = (what: string, hint: string) => new SecureError('MISSING_ARGUMENT', `${what} is missing`, { hint });
  if (name === undefined) throw missing('the name', 'say it with --name NAME, or in the recipe');
  if (all.length === 0) throw missing('a package', 'name packages, or a recipe that does: --recipe FILE');
  const suite = flags.suite ?? recipe.suite;
  const snapshot = flags.snapshot ?? recipe.snapshot;
  return {
    name,
    packages: all,
    variant: flags.minimal === true ? 'minimal' : ((flags.variant ?? recipe.variant ?? 'auto') as Variant),
    users: [...recipe.users, ...(flags['add-user'] ?? []).map(parseUser)],
    settings: parseSettings(merged(recipe.settings, flags)),
    ...(suite === undefined ? {} : { suite }),
    ...(snapshot === undefined ? {} : { snapshot: parseSnapshot(snapshot) }),
  };
}
