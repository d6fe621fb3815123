// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0135',
  title: 'Nobody is in the group that reads hashes of passwords',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:6.2.20', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'The group shadow is for programs that compare a password; a person in it takes all hashes away and guesses them at home.',
  remediation: "Run 'gpasswd --delete NAME shadow' for each that is named.",
  references: ['https://man7.org/linux/man-pages/man5/shadow.5.html'],
  examples: [{ good: { logins: { shadowGroup: [] } }, bad: { logins: { shadowGroup: ['alice'] } } }],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    if (logins.shadowGroup === null) return unknown('/etc/group or /etc/passwd cannot be read');
    return verdict(
      logins.shadowGroup.map((name) =>
        problem(name, `${quoted(name)} is in the group shadow, which reads /etc/shadow`, fileLocation('/etc/group')),
      ),
    );
  },
} satisfies HostCheck;
