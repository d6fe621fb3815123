// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const CONFIG = { logical: '/etc/selinux/config', path: 'etc/selinux/config' };
const config = (state: string, policy = 'targeted') => ({
  kernel: { appArmor: 'absent' as const, seLinux: 'enforcing' as const },
  system: { seLinuxConfig: { state, policy } },
});

export default {
  id: 'SEC-HOST-0112',
  title: 'SELinux is enforced after the next start too',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.6.2.2', 'CIS-DIL-2.0:1.6.2.3', 'CIS-Docker-1.6:5.3', 'NIST-800-190:4.5.1'],
  rationale:
    "'setenforce 1' holds until the machine starts again. With the file saying permissive, containers are confined on the day of the audit and not after the next update.",
  remediation:
    "Write 'SELINUX=enforcing' and 'SELINUXTYPE=targeted' into /etc/selinux/config; where it was disabled, run 'touch /.autorelabel' before the start.",
  references: ['https://man7.org/linux/man-pages/man5/selinux_config.5.html'],
  examples: [
    { good: config('enforcing'), bad: config('permissive') },
    { good: config('enforcing', 'mls'), bad: config('enforcing', '') },
  ],
  check({ kernel: { appArmor }, system: { seLinuxConfig: found } }) {
    if (found === undefined) return unknown('/etc/selinux/config cannot be read, or was not looked at');
    if (found === null) return notApplicable('SELinux is not configured here');
    if (found.state !== 'enforcing' && appArmor === 'enforcing')
      return notApplicable('AppArmor confines programs here instead');
    return verdict([
      ...(found.state === 'enforcing'
        ? []
        : [problem('SELINUX', `SELINUX is ${quoted(found.state)}: it has to be enforcing`, CONFIG)]),
      ...(found.policy === '' ? [problem('SELINUXTYPE', 'no policy is named by SELINUXTYPE', CONFIG)] : []),
    ]);
  },
} satisfies HostCheck;
