// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { code, computedImports, imports } from './imports.ts';
import { type Problem, type Rule, sourceFiles } from './rule.ts';

// Who may import whom, by the first folder below src/. Modules directly in src/ (errors.ts, native.ts) are the ground
// that everyone stands on.
const arrows: Record<string, readonly string[]> = {
  cli: ['commands', 'runtime', 'audit', 'policies', 'profiles'],
  commands: ['cli', 'runtime', 'audit', 'policies', 'profiles'],
  runtime: ['policies', 'profiles'],
  audit: ['policies', 'profiles', 'runtime/images'],
  policies: ['profiles'],
  profiles: [],
  base: [],
};
const face = new Set(['cli', 'commands']);

/** `runtime/plan/types.ts` -> `runtime`; the entry `cli.ts` belongs to the command line, other top modules to all. */
function room(path: string): string {
  const [first, ...rest] = path.split('/');
  if (rest.length > 0) return first ?? 'base';
  return path === 'cli.ts' ? 'cli' : 'base';
}

function importProblem(path: string, specifier: string): string | undefined {
  const from = room(path);
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('@oclif/') && !face.has(from))
      return `${from} must not know the command line (${specifier})`;
    return undefined;
  }
  const target = normalize(join(dirname(path), specifier));
  if (target.startsWith('..')) return target.endsWith('.json') ? undefined : `${specifier} leaves src/`;
  const to = room(target);
  if (to === from || to === 'base') return undefined;
  const allowed = arrows[from];
  if (allowed === undefined) return `src/${from}/ has no place in the architecture`;
  if (allowed.some((place) => target === place || target.startsWith(`${place}/`))) return undefined;
  return `${from} must not import ${to} (${specifier})`;
}

/** The arrows of the architecture over real import statements, and silence of everything that is not a command. */
export const deps: Rule = {
  name: 'dependency direction',
  async check(root) {
    const problems: Problem[] = [];
    for (const file of await sourceFiles(root, (path) => path.startsWith('src/') && path.endsWith('.ts'))) {
      const source = await readFile(join(root, file), 'utf8');
      const path = file.slice('src/'.length);
      for (const { specifier, line } of imports(source)) {
        const message = importProblem(path, specifier);
        if (message !== undefined) problems.push({ file, line, message });
      }
      for (const line of computedImports(source))
        problems.push({ file, line, message: 'a dynamic import must name its module' });
      if (face.has(room(path))) continue;
      for (const match of code(source).matchAll(/\bconsole\s*\.|\bprocess\s*\.\s*(?:stdout|stderr)\s*\.\s*write/g)) {
        const line = source.slice(0, match.index).split('\n').length;
        problems.push({ file, line, message: 'only commands write to the console: return a value or emit an event' });
      }
    }
    return problems;
  },
};
