// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0070',
  title: 'Every account has a password, or is locked',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:6.2.1', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale: 'An empty field is no password at all: whoever gives the name is in, on the console and by su.',
  remediation: "Run 'passwd --lock NAME' for each that is named, and find out who logged in meanwhile ('last NAME').",
  references: ['https://man7.org/linux/man-pages/man5/shadow.5.html'],
  examples: [{ good: { system: { openAccounts: [] } }, bad: { system: { openAccounts: ['alice'] } } }],
  check({ system: { openAccounts } }) {
    if (openAccounts === null) return unknown('/etc/passwd or /etc/shadow cannot be read: audit as root');
    return verdict(
      openAccounts.map((name) =>
        problem(name, `the account ${quoted(name)} needs no password`, { logical: '/etc/shadow', path: 'etc/shadow' }),
      ),
    );
  },
} satisfies HostCheck;
