// SPDX-License-Identifier: Apache-2.0
// Rules of the audit system: audit.rules(7). augenrules(8) reads the files of rules.d by name; the last one, with `-e 2`, closes the door.
import { parseWatches } from '../facts/host/auditd.ts';
import type { FileChange, WatchEdit } from './types.ts';

export const RULES = '/etc/audit/rules.d/60-secure.rules';
const HEAD = "# Written by 'secure audit host --fix': who changed a container engine, and when.\n";

/** @param before text of the file, null: there is none */
export function watchChange(before: string | null, edits: readonly WatchEdit[]): FileChange | undefined {
  const present = new Set(parseWatches(before ?? ''));
  const lines = edits
    .filter(({ path }) => !present.has(path))
    .map(({ path, permissions }) => `-w ${path} -p ${permissions} -k containers\n`);
  if (lines.length === 0) return undefined;
  const kept = before ?? HEAD;
  const after = `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${lines.join('')}`;
  return { path: RULES, before, after };
}
