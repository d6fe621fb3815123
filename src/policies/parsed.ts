// SPDX-License-Identifier: Apache-2.0
// Built-in policies as they are after parsing. In dist/ this module is the result, made when the bundle is
// (scripts/bundle/parsed.ts): they never change, and to parse them costs more than all other decisions of a run.
import { builtinId, builtinText } from './builtin.ts';
import type { PolicyFile } from './types.ts';

/** What `readPolicy` gives for a built-in; `name` is one of `BUILTINS`. */
export async function parsedBuiltin(name: string): Promise<PolicyFile> {
  const { readPolicy } = await import('./file.ts');
  return readPolicy(builtinText(name), builtinId(name));
}
