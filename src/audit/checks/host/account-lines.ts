// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0133',
  title: 'Accounts are those that the files name',
  severity: 'high',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:6.2.2', 'CIS-DIL-2.0:6.2.3', 'CIS-DIL-2.0:6.2.4', 'CIS-DIL-2.0:6.2.15', 'CIS-Docker-1.6:1.2.1'],
    'NIST-800-190:4.5.4',
  ],
  rationale:
    "A line with '+' takes accounts from NIS, or is an account of that name without a password where NIS is not; a group that nobody gave is the one of whoever makes it next.",
  remediation:
    "Remove the lines that begin with '+' with 'vipw' and 'vigr', and give each account that is named a group that is there ('usermod --gid GROUP NAME').",
  references: ['https://man7.org/linux/man-pages/man5/nsswitch.conf.5.html'],
  examples: [
    { good: { logins: { elsewhere: [] } }, bad: { logins: { elsewhere: ['/etc/passwd'] } } },
    { good: { logins: { groupless: [] } }, bad: { logins: { groupless: ['alice'] } } },
  ],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    const { elsewhere, groupless } = logins;
    const problems = [
      ...(elsewhere ?? []).map((file) =>
        problem(file, `${file} takes accounts from elsewhere by a line with '+'`, fileLocation(file)),
      ),
      ...(groupless ?? []).map((name) =>
        problem(name, `the group of the account ${quoted(name)} is not in /etc/group`, fileLocation('/etc/passwd')),
      ),
    ];
    if (problems.length === 0 && (elsewhere === null || groupless === null))
      return unknown('/etc/passwd, /etc/group or /etc/shadow cannot be read: audit as root');
    return verdict(problems);
  },
} satisfies HostCheck;
