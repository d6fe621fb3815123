// SPDX-License-Identifier: Apache-2.0
// .dockerignore: what of a build context the build does not see.
import { SecureError } from '../../errors.ts';
import { components, pathOf } from '../images/layer/tree.ts';
import { PathPattern } from './patterns.ts';

interface Rule {
  readonly pattern: PathPattern;
  readonly keep: boolean;
}

export class Ignore {
  readonly #rules: readonly Rule[];
  /** Something in an ignored directory may be kept. */
  readonly #exceptions: boolean;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#exceptions = rules.some(({ keep }) => keep);
  }

  /** Whether the build does not see a path; the last rule that matches says so. */
  ignores(path: string): boolean {
    const parts = path.split('/');
    let ignored = false;
    for (const { pattern, keep } of this.#rules) if (keep === ignored && pattern.matches(parts)) ignored = !keep;
    return ignored;
  }

  /** Whether an ignored directory has to be looked into nevertheless. */
  get exceptions(): boolean {
    return this.#exceptions;
  }
}

/**
 * @param name for messages
 * @throws SecureError BUILD_FAILED for a pattern that is malformed
 */
export function parseIgnore(text: string, name: string): Ignore {
  const rules: Rule[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || line.startsWith('#')) continue;
    const keep = trimmed.startsWith('!');
    const path = components(pathOf(trimmed.slice(keep ? 1 : 0).trim())).join('/');
    const pattern = PathPattern.parse(path, true);
    if (pattern === undefined || path === '')
      throw new SecureError('BUILD_FAILED', `${name}:${index + 1}: ${JSON.stringify(trimmed)} is no pattern`, {
        hint: 'patterns have *, ? and [a-z], and ** for any directories',
        position: { file: name, line: index + 1 },
      });
    rules.push({ pattern, keep });
  }
  return new Ignore(rules);
}
