// SPDX-License-Identifier: Apache-2.0
import type { SourceText } from '../source.ts';
import type { ImportNote } from './types.ts';

/** What is said about parts of a file, each with its place. */
export class Notes {
  readonly list: ImportNote[] = [];

  /** @param at JSON pointer */
  add(source: SourceText, kind: ImportNote['kind'], at: string, message: string): void {
    const part = at.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    const { line, column } = source.key(at);
    this.list.push({ kind, file: source.policy, line, column, part, message });
  }
}
