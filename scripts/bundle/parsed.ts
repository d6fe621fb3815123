// SPDX-License-Identifier: Apache-2.0
// src/policies/parsed.ts for dist/: the built-in policies, parsed and checked now.
import { deepStrictEqual } from 'node:assert';
import { BUILTINS } from '../../src/policies/builtin.ts';
import { parsedBuiltin } from '../../src/policies/parsed.ts';

/** `unlimited` is Infinity, for which JSON has no word; a number beyond the range of doubles is read as just that. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (part === Infinity ? '\0unlimited' : part)).replaceAll(
    '"\\u0000unlimited"',
    '1e999',
  );

/** The module's text. JSON in a string is read faster than the same as source, and only when a policy is used. */
export async function parsedModule(): Promise<string> {
  const entries: string[] = [];
  for (const name of BUILTINS) {
    const file = await parsedBuiltin(name);
    const json = toJson(file);
    deepStrictEqual(JSON.parse(json), file, `built-in policy ${name} cannot be kept as JSON`);
    entries.push(`${JSON.stringify(name)}: ${JSON.stringify(json)}`);
  }
  return `const texts = { ${entries.join(',\n')} };
export const parsedBuiltin = async (name) => JSON.parse(texts[name]);
`;
}
