// SPDX-License-Identifier: Apache-2.0
// By what people log in: shadow(5), login.defs(5), PAM, and lines of accounts that mean something else than they seem.
import type { Tree } from './tree.ts';

export interface LoginFacts {
  /** Accounts with a hash that some password fits. Null: /etc/shadow cannot be read. */
  readonly usable: readonly string[] | null;
  /** Of those, whose hash is guessed quickly, and its kind. */
  readonly weak: readonly { readonly name: string; readonly kind: string }[] | null;
  /** Of /etc/login.defs; empty: there is none. Null: it cannot be read. */
  readonly defs: Readonly<Record<string, string>> | null;
  /** Modules by service, such as `su`; empty: this system has no PAM. Null: a file cannot be read. */
  readonly pam: Readonly<Record<string, readonly string[]>> | null;
  /** Files with a line that takes accounts from elsewhere (`+`). Null: one cannot be read. */
  readonly elsewhere: readonly string[] | null;
  /** Accounts whose group is not in /etc/group. */
  readonly groupless: readonly string[] | null;
  /** Members of the group shadow, those whose primary group it is included. */
  readonly shadowGroup: readonly string[] | null;
  /** Shells by account. */
  readonly shells: Readonly<Record<string, string>> | null;
}

/** Of PAM; nobody has as many. */
const SERVICES = 500;
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

/** The rows of a file; null: it cannot be read. What is absent has none. */
function rowsOf(tree: Tree, path: string): string[][] | null {
  const read = tree.read(path);
  return read.status === 'unreadable' ? null : rows(read.status === 'text' ? read.text : '');
}

/** What crypt(5) calls a hash that is broken or quick; undefined: it is neither, or no hash. */
function weakKind(field: string): string | undefined {
  if (field.startsWith('$1$')) return 'MD5';
  if (field.startsWith('$3$')) return 'NT';
  if (/^\$(?:md5|sha1)/.test(field)) return 'one of old Unix systems';
  return /^(?:_[./0-9A-Za-z]{19}|[./0-9A-Za-z]{13})$/.test(field) ? 'DES' : undefined;
}

/** Modules of a file of pam.d: `auth [success=1 default=ignore] pam_unix.so nullok`. */
export function pamModules(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    // By hand: a regular expression looks for the end of each bracket, which takes the square of a line of them.
    const open = line.indexOf('[');
    const close = line.indexOf(']', open);
    const plain = open < 0 || close < 0 ? line : `${line.slice(0, open)}control${line.slice(close + 1)}`;
    const [type = '', , module = ''] = plain.trim().split(/\s+/, 3);
    if (!/^-?(?:auth|account|password|session)$/i.test(type)) return [];
    return [module.slice(module.lastIndexOf('/') + 1).replace(/\.so$/, '')];
  });
}

function pam(tree: Tree): LoginFacts['pam'] {
  const names = tree.list('/etc/pam.d');
  if (names === undefined) return null;
  const found: Record<string, string[]> = {};
  for (const name of names.slice(0, SERVICES)) {
    const read = tree.read(`/etc/pam.d/${name}`);
    if (read.status === 'text') found[name] = pamModules(read.text);
    // A directory among them is none of PAM's.
    else if (read.status === 'unreadable' && tree.stat(`/etc/pam.d/${name}`)?.type !== 'directory') return null;
  }
  return found;
}

/** `KEY value`, of which the last counts. */
function defs(tree: Tree): LoginFacts['defs'] {
  const read = tree.read('/etc/login.defs');
  if (read.status === 'unreadable') return null;
  return Object.fromEntries(
    (read.status === 'text' ? read.text : '').split('\n').flatMap((line) => {
      const [, key, value] = /^[ \t]*([A-Z][A-Z0-9_]*)[ \t]+(\S+)/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );
}

export function collectLogins(tree: Tree): LoginFacts {
  const [passwd, group, shadow] = ['/etc/passwd', '/etc/group', '/etc/shadow'].map((path) => rowsOf(tree, path));
  const hashes = shadow == null || passwd == null ? null : [...passwd, ...shadow];
  const usable = hashes?.filter(([, field = '']) => field !== '' && field !== 'x' && !/^[!*]/.test(field)) ?? null;
  const groups = new Set(group?.map(([, , id]) => id));
  const accounts = passwd?.filter(([name]) => !/^[+-]/.test(name ?? '')) ?? null;
  const shadowRow = group?.find(([name]) => name === 'shadow');
  const files = { '/etc/passwd': passwd, '/etc/group': group, '/etc/shadow': shadow };
  const name = ([first = '']: readonly string[]): string => first;
  return {
    usable: usable === null ? null : [...new Set(usable.map(name))],
    weak:
      usable?.flatMap(([account = '', field = '']) => {
        const kind = weakKind(field);
        return kind === undefined ? [] : [{ name: account, kind }];
      }) ?? null,
    defs: defs(tree),
    pam: pam(tree),
    elsewhere: Object.values(files).includes(null)
      ? null
      : Object.entries(files).flatMap(([file, found]) => (found?.some(([one]) => one?.startsWith('+')) ? [file] : [])),
    groupless:
      accounts === null || group == null
        ? null
        : accounts.filter(([, , , id]) => id !== undefined && !groups.has(id)).map(name),
    shadowGroup:
      accounts === null || group == null
        ? null
        : [
            ...new Set([
              ...(shadowRow?.[3] ?? '').split(',').filter(Boolean),
              ...accounts.filter(([, , , id]) => id !== undefined && id === shadowRow?.[2]).map(name),
            ]),
          ],
    shells:
      accounts === null ? null : Object.fromEntries(accounts.map((row) => [name(row), row[6]?.trim() || '/bin/sh'])),
  };
}
