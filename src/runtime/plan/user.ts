// SPDX-License-Identifier: Apache-2.0
// Who the container's first process is.
import { SecureError } from '../../errors.ts';
import { type Account, type Group, parseGroup, parseId, parsePasswd } from './accounts.ts';
import { type Context, denied } from './context.ts';

export interface PlannedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/** Ids in the container's range; an id beyond it has no meaning outside. */
export const RANGE_SIZE = 65536;
const MAX_GROUPS = 1024;
/** useradd(8), and what images use besides: it starts with a letter, so `0x1` or ` 1` are never looked up. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.@-]{0,255}\$?$/;

interface Tables {
  readonly accounts: readonly Account[];
  readonly groups: readonly Group[];
  /** What is being read, for errors. */
  readonly from: string;
}

function malformed(text: string, from: string, why: string): SecureError {
  return new SecureError('USER_INVALID', `${from}: ${JSON.stringify(text)}: ${why}`, {
    hint: `a user is UID, NAME, UID:GID or NAME:GROUP, with numbers below ${RANGE_SIZE}`,
  });
}

function inRange(id: number, text: string, from: string): number {
  if (id < RANGE_SIZE) return id;
  throw malformed(text, from, `${id} is outside the container's range of ${RANGE_SIZE} ids`);
}

/** A number is always that number, whatever the image's files say about it (CVE-2016-3697). */
function lookupUser(text: string, { accounts, from }: Tables): Account | number {
  const id = parseId(text);
  if (id !== undefined) {
    inRange(id, text, from);
    return accounts.find((account) => account.uid === id) ?? id;
  }
  if (!NAME.test(text)) throw malformed(text, from, 'is neither a number nor a name');
  const account = accounts.find(({ name }) => name === text);
  if (account === undefined) {
    throw new SecureError('USER_NOT_FOUND', `${from}: the image has no user ${JSON.stringify(text)}`, {
      hint: 'use a number, or a name of its /etc/passwd',
    });
  }
  inRange(account.uid, text, from);
  return account;
}

function lookupGroup(text: string, { groups, from }: Tables): number {
  const id = parseId(text);
  if (id !== undefined) return inRange(id, text, from);
  const group = NAME.test(text) ? groups.find(({ name }) => name === text) : undefined;
  if (group === undefined) throw malformed(text, from, 'there is no such group in the image');
  return inRange(group.gid, text, from);
}

/** `user[:group]` to ids. An empty part is an error, never root (CVE-2026-30892). */
function resolve(text: string, tables: Tables): PlannedUser {
  const [userText = '', groupText, ...rest] = text.split(':');
  if (userText === '' || groupText === '' || rest.length > 0)
    throw malformed(text, tables.from, 'has an empty or a third part');
  const found = lookupUser(userText, tables);
  const account = typeof found === 'number' ? undefined : found;
  const uid = typeof found === 'number' ? found : found.uid;
  const home = account !== undefined && /^\/[^\0]*$/.test(account.home) ? account.home : '/';
  if (groupText !== undefined) return { uid, gid: lookupGroup(groupText, tables), additionalGids: [], home };
  const gid = inRange(account?.gid ?? 0, userText, tables.from);
  const member = tables.groups.filter((group) => account !== undefined && group.members.includes(account.name));
  const additional = [...new Set(member.map((group) => inRange(group.gid, group.name, tables.from)))];
  if (additional.length > MAX_GROUPS) throw malformed(text, tables.from, `is in more than ${MAX_GROUPS} groups`);
  return { uid, gid, additionalGids: additional.filter((id) => id !== gid).sort((a, b) => a - b), home };
}

/** Without uid 0 inside, root's group is not given implicitly either. */
function withoutRootGroup(user: PlannedUser): PlannedUser {
  const additionalGids = user.additionalGids.filter((id) => id !== 0);
  return { ...user, gid: user.gid === 0 ? user.uid : user.gid, additionalGids };
}

function chosen({ request, image, workload }: Context, tables: Omit<Tables, 'from'>): { text: string; from: string } {
  if (request.user !== undefined) return { text: request.user, from: '--user' };
  if (workload !== undefined) {
    const known = workload.user.find(
      (name) => parseId(name) !== undefined || tables.accounts.some((a) => a.name === name),
    );
    if (known !== undefined) return { text: known, from: 'user of the workload' };
  }
  return { text: image.config.user === '' ? '0' : image.config.user, from: `user of ${image.reference}` };
}

function addGroups(user: PlannedUser, context: Context, tables: Tables): PlannedUser {
  const { value: nonRoot, by } = context.policy.run['user.nonRoot'];
  const added = context.request.groupAdd.map((text) => lookupGroup(text, { ...tables, from: '--group-add' }));
  if (nonRoot && added.includes(0)) throw denied('--group-add 0', by, "name a group other than root's");
  const additionalGids = [...new Set([...user.additionalGids, ...added])]
    .filter((id) => id !== user.gid)
    .sort((a, b) => a - b);
  return { ...user, additionalGids };
}

/**
 * @throws SecureError USER_INVALID, USER_NOT_FOUND, POLICY_DENIED: root was asked for and the policy wants somebody else.
 */
export function planUser(context: Context): PlannedUser {
  const { policy, reasons, image } = context;
  const files = { accounts: parsePasswd(image.passwd), groups: parseGroup(image.group) };
  const { text, from } = chosen(context, files);
  const tables = { ...files, from };
  const { value: nonRoot, by } = policy.run['user.nonRoot'];
  const asked = resolve(text, tables);
  if (!nonRoot) {
    const user = addGroups(asked, context, tables);
    const why = user.uid === 0 ? 'root inside is an unprivileged user outside' : `the ${from} says so`;
    reasons.add({ control: 'user', decision: `${user.uid}:${user.gid}`, by, why, required: false });
    return user;
  }
  if (asked.uid !== 0) {
    const user = addGroups(text.includes(':') ? asked : withoutRootGroup(asked), context, tables);
    reasons.add({ control: 'user', decision: `${user.uid}:${user.gid}`, by, why: `not root, by the ${from}` });
    return user;
  }
  if (context.request.user !== undefined)
    throw denied(`--user ${text} is root`, by, 'leave --user out, or name another user');
  const fallback = policy.run['user.default'];
  const user = addGroups(
    withoutRootGroup(resolve(fallback.value, { ...tables, from: 'user.default' })),
    context,
    tables,
  );
  const why = `the ${from} is root, which this policy replaces by its default user`;
  reasons.add({ control: 'user', decision: `${user.uid}:${user.gid}`, by: fallback.by, why });
  return user;
}

/**
 * `user[:group]` by the files of an image, for a further process of its container.
 * @throws SecureError USER_INVALID, USER_NOT_FOUND
 */
export function resolveUser(text: string, files: { passwd: string; group: string; from: string }): PlannedUser {
  return resolve(text, { accounts: parsePasswd(files.passwd), groups: parseGroup(files.group), from: files.from });
}
