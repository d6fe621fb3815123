// SPDX-License-Identifier: Apache-2.0
import type { Account, Range } from '../../facts/host/accounts.ts';
import type { Problem } from '../../types.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const show = ({ start, count }: Range): string => `${start}-${start + count - 1}`;
/** The first id after it. */
const end = (range: Range | undefined): number => (range === undefined ? -1 : range.start + range.count);
/** As many are looked at for one that is not the owner's: he may have several names, not dozens. */
const MOST_ACCOUNTS = 32;
/** An owner is named or numbered. */
const isOwner = (range: Range, { name, uid }: Account): boolean => range.owner === name || range.owner === String(uid);

function problemsOf(
  file: string,
  ranges: readonly Range[],
  accounts: readonly Account[],
  id: (account: Account) => number,
): Problem[] {
  const at = (range: Range) => ({
    logical: file,
    path: file.slice(1),
    region: {
      startLine: range.line,
      startColumn: 1,
      endLine: range.line,
      endColumn: `${range.owner}:${range.start}:${range.count}`.length + 1,
    },
  });
  const problems: Problem[] = [];
  const taken = accounts.toSorted((a, b) => id(a) - id(b));
  // Of the ranges that start before: the one that reaches furthest, and the furthest of any other owner.
  let furthest: Range | undefined;
  let other: Range | undefined;
  let next = 0;
  for (const range of ranges.toSorted((a, b) => a.start - b.start || a.line - b.line)) {
    const before = furthest?.owner === range.owner ? other : furthest;
    if (before !== undefined && end(before) > range.start) {
      const message = `${quoted(range.owner)} has ${show(range)}, which overlaps ${show(before)} of ${quoted(before.owner)}`;
      problems.push(problem(`${file}:${range.owner}:${range.start}:${before.owner}`, message, at(range)));
    }
    if (end(range) > end(furthest)) {
      if (furthest?.owner !== range.owner) other = furthest;
      furthest = range;
    } else if (range.owner !== furthest?.owner && end(range) > end(other)) other = range;

    while (next < taken.length && id(taken[next] as Account) < range.start) next += 1;
    const inside = taken.slice(next, next + MOST_ACCOUNTS).filter((account) => id(account) < end(range));
    const account = inside.find((one) => !isOwner(range, one));
    if (account !== undefined) {
      const message = `${quoted(range.owner)} has ${show(range)}, which contains ${quoted(account.name)} (${id(account)})`;
      problems.push(problem(`${file}:${range.owner}:${range.start}:${account.name}`, message, at(range)));
    }
  }
  return problems;
}

const range = (start: number) => [{ owner: 'bob', start, count: 65536, line: 1 }];

export default {
  id: 'SEC-HOST-0043',
  title: 'No two users share subordinate ids',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.9', 'NIST-800-190:4.4.3'],
  rationale:
    "Where ranges overlap, root in one user's container owns the files and processes in those of the other; where one contains an account, it is that account.",
  remediation:
    "Give each owner a range of its own: 'usermod --del-subuids FIRST-LAST NAME', 'usermod --add-subuids FIRST-LAST NAME' (and --del-subgids, --add-subgids), then 'podman system migrate' as this user.",
  references: ['https://man7.org/linux/man-pages/man5/subuid.5.html'],
  examples: [
    {
      good: { subuid: [...range(300000), { owner: 'eve', start: 400000, count: 65536, line: 2 }] },
      bad: { subuid: [...range(300000), { owner: 'eve', start: 365535, count: 65536, line: 2 }] },
    },
    { good: { subgid: range(300000) }, bad: { subgid: range(500) } },
  ],
  check({ subuid, subgid, accounts }) {
    if (subuid === null || subgid === null) return unknown('/etc/subuid and /etc/subgid cannot be read');
    if (subuid.length === 0 && subgid.length === 0) return notApplicable('no user has subordinate ids');
    return verdict([
      ...problemsOf('/etc/subuid', subuid, accounts ?? [], ({ uid }) => uid),
      ...problemsOf('/etc/subgid', subgid, accounts ?? [], ({ gid }) => gid),
    ]);
  },
} satisfies HostCheck;
