// SPDX-License-Identifier: Apache-2.0
// passwd(5) and group(5) of an image: hostile text, read without ever guessing an id.

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Exactly a decimal number without sign, blanks or leading zeros; undefined for everything else. Never NaN, never 0 by accident. */
export function parseId(text: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined;
}

/** Lines that are whole and have numbers where numbers belong; others do not exist, as for login(1). */
export function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home, shell] = line.split(':');
    const ids = [parseId(uid), parseId(gid)] as const;
    if (name === '' || shell === undefined || ids[0] === undefined || ids[1] === undefined) return [];
    return [{ name, uid: ids[0], gid: ids[1], home: home ?? '' }];
  });
}

export function parseGroup(text: string): Group[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , id = '', members] = line.split(':');
    const gid = parseId(id);
    if (name === '' || gid === undefined || members === undefined) return [];
    return [{ name, gid, members: members.split(',').filter((member) => member !== '') }];
  });
}
