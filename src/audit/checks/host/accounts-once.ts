// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0076',
  title: 'Names and ids of accounts are given once',
  severity: 'medium',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:6.2.16',
    'CIS-DIL-2.0:6.2.17',
    'CIS-DIL-2.0:6.2.18',
    'CIS-DIL-2.0:6.2.19',
    'CIS-Docker-1.6:1.2.1',
  ],
  rationale:
    'Two accounts with one id are one to the kernel: each has the files and processes of the other, and the logs name the wrong one. Of a name that is there twice only the first counts, whatever is done to the second.',
  remediation:
    "Give one of them another id ('usermod --uid NUMBER NAME', 'groupmod --gid NUMBER NAME'), and its files with it; remove the second line of a name with 'vipw' or 'vigr'.",
  references: ['https://man7.org/linux/man-pages/man8/pwck.8.html'],
  examples: [{ good: { system: { duplicates: [] } }, bad: { system: { duplicates: ['/etc/passwd id 1000'] } } }],
  check({ system: { duplicates } }) {
    if (duplicates === null) return unknown('/etc/passwd or /etc/group cannot be read');
    return verdict(
      duplicates.map((one) => {
        const [file = '', what = '', ...value] = one.split(' ');
        const said = `${file} has the ${what} ${quoted(value.join(' '))} more than once`;
        return problem(one, said, { logical: file, path: file.slice(1) });
      }),
    );
  },
} satisfies HostCheck;
