// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0008',
  title: 'Only root has the id 0',
  severity: 'high',
  target: 'image',
  frameworks: ['NIST-800-190:4.1.2'],
  rationale: 'A second account with the id 0 is root under a name that nobody looks for.',
  remediation: 'Remove the account in the build: RUN userdel NAME.',
  references: ['https://man7.org/linux/man-pages/man5/passwd.5.html'],
  examples: [
    {
      good: {
        accounts: [
          { name: 'root', uid: 0, gid: 0, open: false },
          { name: 'app', uid: 10001, gid: 1, open: false },
        ],
      },
      bad: {
        accounts: [
          { name: 'root', uid: 0, gid: 0, open: false },
          { name: 'app', uid: 0, gid: 1, open: false },
        ],
      },
    },
  ],
  check(facts) {
    if (facts.accounts === null) return { status: 'unknown', why: 'the accounts of the image cannot be read' };
    const others = new Set(
      facts.accounts.filter(({ name, uid }) => uid === 0 && name !== 'root').map(({ name }) => name),
    );
    return judge([...others].map((name) => ofPath(facts, 'etc/passwd', `the account ${name} has the id 0`, name)));
  },
} satisfies ImageCheck;
