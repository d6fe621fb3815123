// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const mask = (UMASK: string) => ({ logins: { defs: { UMASK } } });

export default {
  id: 'SEC-HOST-0129',
  title: 'Files that people make are not written by others',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.4.4', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'A script, a key or a compose file that anybody may change is run by root later. The 027 of the benchmark is not asked for: what is mounted into containers has to be read there by other users.',
  remediation: "Write 'UMASK 022' (or 027, where nothing is mounted into containers) into /etc/login.defs.",
  references: ['https://man7.org/linux/man-pages/man5/login.defs.5.html'],
  examples: [
    { good: mask('022'), bad: mask('002') },
    { good: mask('077'), bad: mask('000') },
  ],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    if (logins.defs === null) return unknown('/etc/login.defs cannot be read');
    const value = logins.defs.UMASK;
    // What the kernel gives the first program, and login where nothing is said.
    if (value === undefined) return verdict([]);
    if (/^[0-7]{1,4}$/.test(value) && (Number.parseInt(value, 8) & 0o022) === 0o022) return verdict([]);
    const location = { logical: '/etc/login.defs', path: 'etc/login.defs' };
    return verdict([problem('UMASK', `UMASK is ${quoted(value)}: it has to be 022 or stricter`, location)]);
  },
} satisfies HostCheck;
