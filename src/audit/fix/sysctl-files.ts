// SPDX-License-Identifier: Apache-2.0
// Settings of the kernel that last: sysctl.d(5). A file wins over those whose names sort before its own, in whatever directory they lie;
// sysctl(8) of procps reads /etc/sysctl.conf after all of them, and systemd only where a link in sysctl.d leads there.
import { ExitCode, SecureError } from '../../errors.ts';
import type { Tree } from '../facts/host/tree.ts';
import type { FileChange } from './types.ts';

export interface SysctlFile {
  readonly path: string;
  readonly text: string;
}
export interface Wanted {
  readonly name: string;
  readonly value: string;
  /** Ids of the check that asks. */
  readonly id: string;
}

/** The first that has a name counts. */
const DIRECTORIES = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d'];
const CONF = '/etc/sysctl.conf';
/** The first of them that is read after whatever says otherwise. */
const NAMES = ['60-secure.conf', '99-secure.conf', '99-zz-secure.conf', 'zz-secure.conf', 'zzzz-secure.conf'];
const HEAD = "# Written by 'secure audit host --fix'; what the checks that are named ask for.\n";

/** Where the kernel has it. */
export const settingPath = (name: string): string => `/proc/sys/${name.replaceAll('.', '/')}`;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const unseen = (path: string, why: string): SecureError =>
  new SecureError('FIX_REFUSED', `${path} cannot be read (${why}), and may say otherwise`, {
    hint: 'make it a file, or remove it',
    exitCode: ExitCode.usage,
  });

/** Null: there is none. A link to /dev/null is how systemd takes back what a file of the same name says. */
function textOf(tree: Tree, path: string): string | null {
  const read = tree.read(path);
  if (read.status === 'text') return read.text;
  if (read.status === 'absent') return null;
  if (tree.same(path, '/dev/null')) return '';
  throw unseen(path, read.why);
}

/**
 * In the order in which they are read; /etc/sysctl.conf last and once.
 * @throws SecureError FIX_REFUSED: what one of them says cannot be read
 */
export function sysctlFiles(tree: Tree): SysctlFile[] {
  const found = new Map<string, SysctlFile>();
  for (const directory of DIRECTORIES) {
    const names = tree.list(directory);
    if (names === undefined) throw unseen(directory, 'it is no directory, or closed');
    for (const name of names.filter((one) => one.endsWith('.conf'))) {
      const path = `${directory}/${name}`;
      if (!found.has(name) && !tree.same(path, CONF)) found.set(name, { path, text: textOf(tree, path) ?? '' });
    }
  }
  const files = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const conf = textOf(tree, CONF);
  return conf === null ? files : [...files, { path: CONF, text: conf }];
}

/** `net/ipv4/ip_forward` and `net.ipv4.ip_forward` are one: which of both comes first parts the names. */
function nameIn(key: string): string {
  const slash = key.indexOf('/');
  const dot = key.indexOf('.');
  return slash >= 0 && (dot < 0 || slash < dot) ? key.replaceAll('/', '.') : key;
}

/** A line that sets something; the text before its value is kept when it is changed. */
function assignment(line: string): { name: string; value: string; before: string } | undefined {
  const at = line.indexOf('=');
  const key = line.slice(0, at).trim();
  if (at < 0 || key === '' || key.startsWith('#') || key.startsWith(';')) return undefined;
  const value = line.slice(at + 1);
  const space = value.length - value.trimStart().length;
  return { name: nameIn(key.replace(/^-\s*/, '')), value: value.trim(), before: line.slice(0, at + 1 + space) };
}

const assignments = (text: string): { name: string; value: string }[] =>
  text.split('\n').flatMap((line) => assignment(line) ?? []);

/** The same text with other values where it sets these. */
const withValues = (text: string, values: ReadonlyMap<string, string>): string =>
  text
    .split('\n')
    .map((line) => {
      const set = assignment(line);
      const value = set === undefined ? undefined : values.get(set.name);
      if (set === undefined || value === undefined || set.value === value) return line;
      return `${set.before}${value}${line.endsWith('\r') ? '\r' : ''}`;
    })
    .join('\n');

/**
 * The files with which a start of the machine gives these values: one of our own, and /etc/sysctl.conf where that says otherwise. Of
 * what is so already there is nothing. Pure.
 */
export function sysctlChanges(files: readonly SysctlFile[], wanted: readonly Wanted[]): FileChange[] {
  const last = new Map(files.flatMap(({ text }) => assignments(text)).map(({ name, value }) => [name, value]));
  const open = wanted.filter(({ name, value }) => last.get(name) !== value);
  if (open.length === 0) return [];
  const values = new Map(open.map(({ name, value }) => [name, value]));
  const changes: FileChange[] = [];
  const conf = files.find(({ path }) => path === CONF);
  const corrected = withValues(conf?.text ?? '', values);
  if (conf !== undefined && corrected !== conf.text) changes.push({ path: CONF, before: conf.text, after: corrected });
  const against = files.filter(
    ({ path, text }) =>
      path !== CONF && assignments(text).some(({ name, value }) => (values.get(name) ?? value) !== value),
  );
  // One of ours that says something old is corrected in its place, unless a later one is needed anyway.
  const others = against.map(({ path }) => nameOf(path)).filter((name) => !NAMES.includes(name));
  const name = NAMES.find((one) => others.every((other) => other < one)) ?? (NAMES.at(-1) as string);
  const path = `/etc/sysctl.d/${name}`;
  const before = files.find((file) => file.path === path)?.text ?? null;
  const kept = withValues(before ?? HEAD, values);
  const present = new Set(assignments(kept).map((one) => one.name));
  const added = open
    .filter((one) => !present.has(one.name))
    .map(({ name, value, id }, i, all) => `${all[i - 1]?.id === id ? '' : `# ${id}\n`}${name} = ${value}\n`)
    .join('');
  const after = `${kept}${kept === '' || kept.endsWith('\n') || added === '' ? '' : '\n'}${added}`;
  if (after !== before) changes.push({ path, before, after });
  return changes;
}
