// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';

/** An account that the image has beside those of its packages. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Absolute; made, and owned by the user, where it is not there. */
  readonly home: string;
}

const NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
/** No `..` and no blanks, since it is a path of the tree that is being built. */
const HOME = /^(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/;
/** A container has 65536 ids, and the last two are nobody's. */
const LAST = 65533;
const NO_HOME = '/nonexistent';

/** What is wrong with a user, by the key; undefined where nothing is. */
export function userProblem({ name, uid, gid, home }: User): { key: keyof User; problem: string } | undefined {
  const isId = (id: number) => Number.isInteger(id) && id >= 1 && id <= LAST;
  if (!NAME.test(name)) return { key: 'name', problem: 'must be a name of lower-case letters, digits, _ and -' };
  if (!isId(uid)) return { key: 'uid', problem: `must be a number from 1 to ${LAST}` };
  if (!isId(gid)) return { key: 'gid', problem: `must be a number from 1 to ${LAST}` };
  if (!HOME.test(home) || home.length > 255) return { key: 'home', problem: 'must be an absolute path' };
  return undefined;
}

/** With the defaults of what may be left out. */
export const makeUser = (name: string, uid: number, gid = uid, home = NO_HOME): User => ({ name, uid, gid, home });

/** `NAME:UID[:GID[:HOME]]`. @throws SecureError INVALID_VALUE */
export function parseUser(text: string): User {
  const parts = text.split(':');
  const [name = '', uid = '', gid = uid, home = NO_HOME] = parts;
  const user = makeUser(name, /^\d+$/.test(uid) ? Number(uid) : Number.NaN, Number(gid || uid), home || NO_HOME);
  const found = userProblem(user);
  if (found === undefined && parts.length >= 2 && parts.length <= 4) return user;
  const why = found === undefined ? '' : `: ${found.key} ${found.problem}`;
  throw new SecureError('INVALID_VALUE', `--add-user: ${JSON.stringify(text.slice(0, 200))} is no user${why}`, {
    hint: 'write NAME:UID[:GID[:HOME]], for example app:1000:1000:/home/app',
  });
}

/** The first user whose name or number an earlier one has. */
export function duplicateUser(users: readonly User[]): number | undefined {
  const taken = new Set<string | number>();
  for (const [i, { name, uid }] of users.entries()) {
    if (taken.has(name) || taken.has(uid)) return i;
    taken.add(name).add(uid);
  }
  return undefined;
}

/** One user a line, for the hook that writes them. */
export const formatUsers = (users: readonly User[]): string =>
  users.map(({ name, uid, gid, home }) => `${name} ${uid} ${gid} ${home}\n`).join('');
