// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const method = (value: string) => ({ logins: { defs: { ENCRYPT_METHOD: value } } });

export default {
  id: 'SEC-HOST-0127',
  title: 'Passwords are kept as hashes that are slow to guess',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.3.4', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'One copy of /etc/shadow, from a backup or a volume that had / in it, and hashes of MD5 and DES are read like text.',
  remediation:
    "Write 'ENCRYPT_METHOD YESCRYPT' (or SHA512) into /etc/login.defs, and have each account that is named set its password again: 'passwd --expire NAME'.",
  references: ['https://man7.org/linux/man-pages/man5/crypt.5.html'],
  examples: [
    { good: method('YESCRYPT'), bad: method('MD5') },
    { good: { logins: { weak: [] } }, bad: { logins: { weak: [{ name: 'alice', kind: 'MD5' }] } } },
  ],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    const { defs, weak } = logins;
    const chosen = defs?.ENCRYPT_METHOD;
    const problems = [
      ...(weak ?? []).map(({ name, kind }) =>
        problem(name, `the hash of the password of ${quoted(name)} is ${kind}`, {
          logical: '/etc/shadow',
          path: 'etc/shadow',
        }),
      ),
      ...(chosen === undefined || /^(?:SHA256|SHA512|YESCRYPT|GOST_YESCRYPT|BCRYPT|BLOWFISH)$/i.test(chosen)
        ? []
        : [
            problem('ENCRYPT_METHOD', `ENCRYPT_METHOD is ${quoted(chosen)}: new passwords are guessed quickly`, {
              logical: '/etc/login.defs',
              path: 'etc/login.defs',
            }),
          ]),
    ];
    if (problems.length === 0 && weak === null) return unknown('/etc/shadow cannot be read: audit as root');
    if (problems.length === 0 && defs === null) return unknown('/etc/login.defs cannot be read');
    return verdict(problems);
  },
} satisfies HostCheck;
