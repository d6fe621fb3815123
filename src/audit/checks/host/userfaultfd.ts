// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0056',
  title: 'Only privileged programs handle page faults of the kernel',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A program that decides how long the kernel waits for a page makes races in the kernel that are hard to win easy to win.',
  remediation:
    "Run 'sysctl -w vm.unprivileged_userfaultfd=0' and put vm.unprivileged_userfaultfd = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/vm.html#unprivileged-userfaultfd'],
  examples: [{ good: setting('vm.unprivileged_userfaultfd', '0'), bad: setting('vm.unprivileged_userfaultfd', '1') }],
  check: (facts) => sysctls(facts, { name: 'vm.unprivileged_userfaultfd', ok: (value) => value === 0, want: '0' }),
  fix: sysctlFix({ 'vm.unprivileged_userfaultfd': '0' }),
} satisfies HostCheck;
