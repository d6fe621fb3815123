// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0003',
  title: 'Only privileged programs read the log of the kernel',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'There is one log for the host and all its containers: it shows addresses, devices, and what the firewall and the other containers did.',
  remediation:
    "Run 'sysctl -w kernel.dmesg_restrict=1' and put kernel.dmesg_restrict = 1 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#dmesg-restrict'],
  examples: [{ good: setting('kernel.dmesg_restrict', '1'), bad: setting('kernel.dmesg_restrict', '0') }],
  check: (facts) => sysctls(facts, { name: 'kernel.dmesg_restrict', ok: (value) => value === 1, want: '1' }),
  fix: sysctlFix({ 'kernel.dmesg_restrict': '1' }),
} satisfies HostCheck;
