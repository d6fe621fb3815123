// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0059',
  title: 'Keys do not command the kernel',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Whoever reaches a console, or /proc/sysrq-trigger in a container that is not masked, ends every process or starts the machine again.',
  remediation: "Run 'sysctl -w kernel.sysrq=0' and put kernel.sysrq = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#sysrq'],
  examples: [{ good: setting('kernel.sysrq', '0'), bad: setting('kernel.sysrq', '1') }],
  check: (facts) =>
    sysctls(facts, {
      name: 'kernel.sysrq',
      ok: (value) => value === 0 || value === 16 || value === 4 || value === 128,
      want: '0, or a mask of sync, remount and reboot alone',
    }),
  fix: sysctlFix({ 'kernel.sysrq': '0' }),
} satisfies HostCheck;
