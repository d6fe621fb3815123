// SPDX-License-Identifier: Apache-2.0
// Changes to the configuration of an engine, for people to read.
import type { Change } from '../runtime/engines/install.ts';

export interface DescribedChange {
  readonly action: 'write' | 'remove' | 'link' | 'unlink';
  readonly path: string;
  /** Lines, of configurations only: what is kept for --undo says nothing new, and may hold passwords. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

const linesOf = (text: string | null): string[] => (text === null ? [] : text.replace(/\n$/, '').split('\n'));

/** What is between the lines that both begin and both end with. */
export function changedLines(before: string | null, after: string | null): { removed: string[]; added: string[] } {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return { removed: old.slice(start, old.length - end), added: now.slice(start, now.length - end) };
}

export function describeChanges(changes: readonly Change[]): DescribedChange[] {
  return changes.map((change) => {
    if (change.kind === 'link') {
      const [removed, added] = [change.before, change.target].map((target) =>
        target === null ? [] : [`-> ${target}`],
      );
      return {
        action: change.target === null ? 'unlink' : 'link',
        path: change.path,
        removed: removed ?? [],
        added: added ?? [],
      };
    }
    const { path, text } = change.before;
    const lines = change.purpose === 'config' ? changedLines(text, change.text) : { removed: [], added: [] };
    return { action: change.text === null ? 'remove' : 'write', path, ...lines };
  });
}

/** As lines of text, with what is to be done then. */
export function* changeLines(
  changes: readonly DescribedChange[],
  next: readonly string[],
  dryRun: boolean,
): Generator<string> {
  if (changes.length === 0) yield 'nothing to change';
  for (const { action, path, removed, added } of changes) {
    yield `${dryRun ? 'would ' : ''}${action} ${path}`;
    for (const line of removed) yield `  - ${line}`;
    for (const line of added) yield `  + ${line}`;
  }
  for (const command of next) yield `next: ${command}`;
}
