// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0045',
  title: 'Root cannot replace the running kernel',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Lockdown keeps unsigned modules, /dev/mem and kexec from root: who broke out of a container is root on the host, and still not the kernel.',
  remediation:
    "Add 'lockdown=integrity' to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, 'update-grub') and restart. Modules that are not signed no longer load.",
  references: ['https://man7.org/linux/man-pages/man7/kernel_lockdown.7.html'],
  examples: [{ good: { kernel: { lockdown: 'integrity' } }, bad: { kernel: { lockdown: 'none' } } }],
  check({ kernel: { lockdown } }) {
    if (lockdown === undefined)
      return unknown(
        '/sys/kernel/security/lockdown is not there: securityfs is not mounted, or the kernel has no lockdown',
      );
    if (lockdown !== 'none') return PASS;
    const location = { logical: 'kernel lockdown', path: 'sys/kernel/security/lockdown' };
    return fails(problem('lockdown', 'lockdown is none: root loads any code into the kernel', location));
  },
} satisfies HostCheck;
