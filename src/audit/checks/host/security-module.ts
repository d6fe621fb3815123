// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0013',
  title: 'AppArmor or SELinux is enforced',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.6.1.1', 'CIS-Docker-1.6:5.2', 'CIS-Docker-1.6:5.3', 'NIST-800-190:4.5.1'],
  rationale:
    'They confine also what Landlock does not reach, daemons of engines among it, and hold when a program inside is root.',
  remediation:
    "On Debian and Ubuntu: 'apt-get install apparmor', add 'apparmor=1 security=apparmor' to GRUB_CMDLINE_LINUX, 'update-grub', restart. On Fedora and RHEL: SELINUX=enforcing in /etc/selinux/config, 'setenforce 1'.",
  references: [
    'https://docs.kernel.org/admin-guide/LSM/apparmor.html',
    'https://docs.kernel.org/admin-guide/LSM/SELinux.html',
  ],
  examples: [
    { good: { kernel: { appArmor: 'enforcing' } }, bad: { kernel: { appArmor: 'absent' } } },
    {
      good: { kernel: { appArmor: 'absent', seLinux: 'enforcing' } },
      bad: { kernel: { appArmor: 'absent', seLinux: 'permissive' } },
    },
  ],
  check({ kernel: { appArmor, seLinux } }) {
    if (appArmor === 'enforcing' || seLinux === 'enforcing') return PASS;
    if (appArmor === undefined || seLinux === undefined) return unknown('no /sys of the kernel is in this file tree');
    const found =
      seLinux === 'permissive' ? 'SELinux is permissive: it only logs' : 'neither AppArmor nor SELinux is active';
    return fails(problem('lsm', found, { logical: 'security modules', path: 'sys/kernel/security/lsm' }));
  },
} satisfies HostCheck;
