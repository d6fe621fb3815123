// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Modules of PAM, one of each is enough: against weak passwords, and against trying them out. */
const WANTED = {
  quality: ['pam_pwquality', 'pam_cracklib', 'pam_passwdqc'],
  lockout: ['pam_faillock', 'pam_tally2', 'pam_tally'],
} as const;
const PAM = { logical: '/etc/pam.d', path: 'etc/pam.d' };
const modules = (...names: readonly string[]) => ({
  logins: { usable: ['alice'], pam: { 'common-auth': ['pam_unix', ...names], 'common-password': undefined } },
});

export default {
  id: 'SEC-HOST-0126',
  title: 'Passwords are not weak, and cannot be tried out',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.3.1', 'CIS-DIL-2.0:5.3.2', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'By sudo, su and the console a password is guessed as often as somebody likes, and people choose the name of the season; whoever has it is on the kernel of all containers.',
  remediation:
    "Run 'apt-get install libpam-pwquality' and add pam_faillock to /etc/pam.d/common-auth (on Fedora and RHEL: 'authselect enable-feature with-faillock'). Where nobody has a password, lock the accounts instead: 'passwd --lock NAME'.",
  references: [
    'https://man7.org/linux/man-pages/man8/pam_faillock.8.html',
    'https://pages.nist.gov/800-63-3/sp800-63b.html',
  ],
  examples: [
    { good: modules('pam_faillock', 'pam_pwquality'), bad: modules('pam_faillock', 'pam_deny') },
    { good: modules('pam_faillock', 'pam_pwquality'), bad: modules('pam_deny', 'pam_pwquality') },
  ],
  check({ logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    const { pam, usable } = logins;
    if (usable === null) return unknown('/etc/shadow cannot be read: audit as root');
    if (usable.length === 0) return notApplicable('no account has a password');
    if (pam === null) return unknown('/etc/pam.d cannot be read');
    const all = new Set(Object.values(pam).flat());
    if (all.size === 0) return notApplicable('this system has no PAM');
    const has = (names: readonly string[]): boolean => names.some((name) => all.has(name));
    return verdict([
      ...(has(WANTED.quality) ? [] : [problem('quality', 'nothing refuses weak passwords (pam_pwquality)', PAM)]),
      ...(has(WANTED.lockout) ? [] : [problem('lockout', 'nothing stops who tries passwords (pam_faillock)', PAM)]),
    ]);
  },
} satisfies HostCheck;
