// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0014',
  title: 'The kernel has Landlock',
  severity: 'medium',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'The strict profile requires Landlock and default uses it: it keeps a program to the files, ports and signals that were declared, without a policy of the whole host.',
  remediation:
    "Use Linux 6.1 or later with CONFIG_SECURITY_LANDLOCK=y, and add landlock to 'lsm=' on the kernel's command line where that is given ('cat /proc/cmdline').",
  references: ['https://docs.kernel.org/userspace-api/landlock.html'],
  examples: [{ good: { kernel: { landlockAbi: 2 } }, bad: { kernel: { landlockAbi: 1 } } }],
  check({ root, kernel: { landlockAbi: abi } }) {
    if (abi === undefined) return unknown('only the running kernel can say');
    if (abi >= 2) return PASS;
    // Of another machine only the list of modules is known, which has no version.
    if (abi === 1 && root !== '/') return unknown('Landlock is active; its version only the running kernel can say');
    const found =
      abi === 0 ? 'Landlock is not active' : 'Landlock has version 1: renames between directories cannot be allowed';
    return fails(problem('landlock', found, { logical: 'security modules', path: 'sys/kernel/security/lsm' }));
  },
} satisfies HostCheck;
