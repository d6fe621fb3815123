// SPDX-License-Identifier: Apache-2.0
// The policies that come with the product. They are files like any user's, beside this module here and in dist/.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Complete policies, which `--profile` takes by name. From loose to tight. */
export const PROFILES = ['baseline', 'default', 'strict'] as const;
/** What images need; only to be extended. */
export const RECIPES = ['nginx', 'redis', 'busybox'] as const;
/** Rules that others wrote down: the Pod Security Standards of Kubernetes. */
export const STANDARDS = ['pss-baseline', 'pss-restricted'] as const;
export const BUILTINS: readonly string[] = [...PROFILES, ...RECIPES, ...STANDARDS];

/** As built-ins are named in `reasons`. */
export const builtinId = (name: string): string => `builtin:${name}`;

const directory = new URL('./builtin/', import.meta.url);

/** Text of a built-in; `name` is one of `BUILTINS`. */
export function builtinText(name: string): string {
  return readFileSync(fileURLToPath(new URL(`${name}.yaml`, directory)), 'utf8');
}
