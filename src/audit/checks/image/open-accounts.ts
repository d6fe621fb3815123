// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0007',
  title: 'No account is open without a password',
  severity: 'high',
  target: 'image',
  frameworks: ['NIST-800-190:4.1.2'],
  rationale: 'Whoever runs in the container becomes that account with su, root included, without knowing anything.',
  remediation: 'Lock the account in the build: RUN passwd -l NAME.',
  references: ['https://nvd.nist.gov/vuln/detail/CVE-2019-5021', 'https://man7.org/linux/man-pages/man5/shadow.5.html'],
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
          { name: 'root', uid: 0, gid: 0, open: true },
          { name: 'app', uid: 10001, gid: 1, open: false },
        ],
      },
    },
  ],
  check(facts) {
    if (facts.accounts === null) return { status: 'unknown', why: 'the accounts of the image cannot be read' };
    const open = new Set(facts.accounts.filter((account) => account.open).map(({ name }) => name));
    return judge([...open].map((name) => ofPath(facts, 'etc/passwd', `the account ${name} needs no password`, name)));
  },
} satisfies ImageCheck;
