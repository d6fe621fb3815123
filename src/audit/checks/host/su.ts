// SPDX-License-Identifier: Apache-2.0
import { fails, notApplicable, PASS, problem, unknown } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const su = (...modules: readonly string[]) => ({
  logins: { usable: ['root'], pam: { su: ['pam_rootok', ...modules] } },
});

export default {
  id: 'SEC-HOST-0130',
  title: 'Few can become root by its password',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.6', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'Any account that is taken over tries passwords of root by su, and nobody knows afterwards who was root. Where root has no password, su asks for none that fits.',
  remediation:
    "Lock the password of root ('passwd --lock root') and use sudo, or write 'auth required pam_wheel.so use_uid' into /etc/pam.d/su.",
  references: ['https://man7.org/linux/man-pages/man8/pam_wheel.8.html'],
  examples: [{ good: su('pam_wheel'), bad: su('pam_unix') }],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    const { pam, usable } = logins;
    if (usable === null) return unknown('/etc/shadow cannot be read: audit as root');
    if (!usable.includes('root')) return notApplicable('root has no password');
    if (pam === null) return unknown('/etc/pam.d cannot be read');
    if (pam.su === undefined) return notApplicable('there is no su that asks PAM');
    if (pam.su.some((name) => name === 'pam_wheel' || name === 'pam_succeed_if' || name === 'pam_deny')) return PASS;
    return fails(
      problem('su', 'everybody may try the password of root by su', { logical: 'su', path: 'etc/pam.d/su' }),
    );
  },
} satisfies HostCheck;
