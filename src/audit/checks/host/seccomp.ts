// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0012',
  title: 'The kernel can filter system calls',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:5.22', 'NIST-800-190:4.5.1'],
  rationale: 'Without CONFIG_SECCOMP_FILTER no container can be kept from any system call.',
  remediation: "Use a kernel of a distribution: all have CONFIG_SECCOMP_FILTER=y ('grep SECCOMP /boot/config-*').",
  references: ['https://docs.kernel.org/userspace-api/seccomp_filter.html'],
  examples: [
    {
      good: { kernel: { seccompActions: ['errno', 'allow'] } },
      bad: { kernel: { seccompActions: ['allow'] } },
    },
  ],
  check({ kernel: { seccompActions: actions } }) {
    if (actions === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    if (actions.includes('errno')) return PASS;
    const location = { logical: 'kernel.seccomp.actions_avail', path: 'proc/sys/kernel/seccomp/actions_avail' };
    return fails(problem('seccomp', 'this kernel has no seccomp filters', location));
  },
} satisfies HostCheck;
