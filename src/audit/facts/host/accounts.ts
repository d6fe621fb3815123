// SPDX-License-Identifier: Apache-2.0
// /etc/passwd, /etc/group and the subordinate ranges: passwd(5), group(5), subuid(5).

export interface Range {
  readonly owner: string;
  readonly start: number;
  readonly count: number;
  readonly line: number;
}
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

interface Entry {
  readonly fields: readonly string[];
  readonly line: number;
}

function entries(text: string, least: number): Entry[] {
  return text
    .split('\n')
    .map((line, i) => ({ fields: line.split(':'), line: i + 1 }))
    .filter(({ fields }) => fields.length >= least && fields[0] !== '' && !fields[0]?.startsWith('#'));
}

const number = (text: string | undefined): number => (/^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN);

export function parseAccounts(passwd: string): Account[] {
  return entries(passwd, 4)
    .map(({ fields }) => ({ name: fields[0] ?? '', uid: number(fields[2]), gid: number(fields[3]) }))
    .filter(({ uid, gid }) => Number.isInteger(uid) && Number.isInteger(gid));
}

/** Who is in a group: its own list, and the accounts whose primary group it is. Undefined: there is no such group. */
export function membersOf(name: string, group: string, accounts: readonly Account[]): string[] | undefined {
  const found = entries(group, 4).find(({ fields }) => fields[0] === name);
  if (found === undefined) return undefined;
  const listed = (found.fields[3] ?? '').split(',').map((member) => member.trim());
  const primary = accounts.filter(({ gid }) => gid === number(found.fields[2])).map((account) => account.name);
  return [...new Set([...listed, ...primary])].filter((member) => member !== '' && member !== 'root').sort();
}

/** Who has a group beside the owner of it: by its own list, or as his primary group. */
export function sharesGroup(owner: string, gid: number, group: string, accounts: readonly Account[]): boolean {
  const listed = entries(group, 4)
    .filter(({ fields }) => number(fields[2]) === gid)
    .flatMap(({ fields }) => (fields[3] ?? '').split(','));
  const primary = accounts.filter((account) => account.gid === gid).map(({ name }) => name);
  return [...listed, ...primary].some((name) => name.trim() !== '' && name !== owner && name !== 'root');
}

/** Undefined: there is no such group. */
export function groupId(name: string, group: string): number | undefined {
  const found = number(entries(group, 3).find(({ fields }) => fields[0] === name)?.fields[2]);
  return Number.isNaN(found) ? undefined : found;
}

export function parseRanges(text: string): Range[] {
  return entries(text, 3)
    .map(({ fields, line }) => ({
      owner: fields[0] ?? '',
      start: number(fields[1]),
      count: number(fields[2]?.trim()),
      line,
    }))
    .filter(({ start, count }) => Number.isInteger(start) && count > 0);
}
