// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0002',
  title: 'Kernel addresses are hidden',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Addresses in /proc/kallsyms, /proc/modules and /proc/timer_list are what an exploit needs to find its way around address-space layout randomisation of the kernel.',
  remediation:
    "Run 'sysctl -w kernel.kptr_restrict=1' and put kernel.kptr_restrict = 1 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#kptr-restrict'],
  examples: [{ good: setting('kernel.kptr_restrict', '1'), bad: setting('kernel.kptr_restrict', '0') }],
  check: (facts) =>
    sysctls(facts, { name: 'kernel.kptr_restrict', ok: (value) => value === 1 || value === 2, want: '1 or 2' }),
  fix: sysctlFix({ 'kernel.kptr_restrict': '1' }),
} satisfies HostCheck;
