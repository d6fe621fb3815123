// SPDX-License-Identifier: Apache-2.0
// Files of our own that lines are added to: rules of the audit system, audit.rules(7), and modules that are not loaded, modprobe.d(5).
import { parseWatches } from '../facts/host/auditd.ts';
import type { FileChange, ModuleEdit, WatchEdit } from './types.ts';

/** augenrules(8) reads rules.d by name; the last file, with `-e 2`, closes the door. */
export const RULES = '/etc/audit/rules.d/60-secure.rules';
export const MODULES = '/etc/modprobe.d/60-secure.conf';

function withLines(
  path: string,
  before: string | null,
  head: string,
  lines: readonly string[],
): FileChange | undefined {
  if (lines.length === 0) return undefined;
  const kept = before ?? `# Written by 'secure audit host --fix': ${head}.\n`;
  const after = `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${lines.map((line) => `${line}\n`).join('')}`;
  return { path, before, after };
}

/** @param before text of the file, null: there is none */
export function watchChange(before: string | null, edits: readonly WatchEdit[]): FileChange | undefined {
  const present = new Set(parseWatches(before ?? ''));
  const lines = edits
    .filter(({ path }) => !present.has(path))
    .map(({ path, permissions }) => `-w ${path} -p ${permissions} -k containers`);
  return withLines(RULES, before, 'who changed a container engine, and when', lines);
}

/** @param before text of the file, null: there is none */
export function moduleChange(before: string | null, edits: readonly ModuleEdit[]): FileChange | undefined {
  const present = new Set((before ?? '').split('\n'));
  const lines = edits.map(({ name }) => `install ${name} /bin/false`).filter((line) => !present.has(line));
  return withLines(MODULES, before, 'protocols that nobody uses', lines);
}
