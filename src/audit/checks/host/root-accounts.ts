// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const accounts = (uid: number) => [
  { name: 'root', uid: 0, gid: 0 },
  { name: 'toor', uid, gid: 100 },
];

export default {
  id: 'SEC-HOST-0044',
  title: 'Only root has the user id 0, and its files its group',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.4.3', 'CIS-DIL-2.0:6.2.5', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'A second account with id 0 is root under another name: left by an attacker, or forgotten when root was locked.',
  remediation:
    "Find out who made it, then run 'userdel --force NAME' or give it another id: 'usermod --uid NUMBER NAME'.",
  references: ['https://man7.org/linux/man-pages/man5/passwd.5.html'],
  examples: [
    { good: { accounts: accounts(1001) }, bad: { accounts: accounts(0) } },
    {
      good: { accounts: [{ name: 'root', uid: 0, gid: 0 }] },
      bad: { accounts: [{ name: 'root', uid: 0, gid: 100 }] },
    },
  ],
  check({ accounts: all }) {
    if (all === undefined) return unknown('/etc/passwd cannot be read');
    const root = all.find(({ name }) => name === 'root');
    const group =
      root === undefined || root.gid === 0
        ? []
        : [
            problem('root group', `files of root belong to group ${root.gid}, not to that of root`, {
              logical: '/etc/passwd',
              path: 'etc/passwd',
            }),
          ];
    return verdict([
      ...group,
      ...all
        .filter(({ name, uid }) => uid === 0 && name !== 'root')
        .map(({ name }) =>
          problem(name, `the account ${quoted(name)} has the user id 0`, {
            logical: '/etc/passwd',
            path: 'etc/passwd',
          }),
        ),
    ]);
  },
} satisfies HostCheck;
