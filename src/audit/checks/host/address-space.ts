// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0008',
  title: 'Addresses of programs are random',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.5.3', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Where code, stack and heap lie where they always lie, a bug that writes memory becomes one that runs code, in every container.',
  remediation:
    "Run 'sysctl -w kernel.randomize_va_space=2' and put kernel.randomize_va_space = 2 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#randomize-va-space'],
  examples: [{ good: setting('kernel.randomize_va_space', '2'), bad: setting('kernel.randomize_va_space', '1') }],
  check: (facts) => sysctls(facts, { name: 'kernel.randomize_va_space', ok: (value) => value === 2, want: '2' }),
  fix: sysctlFix({ 'kernel.randomize_va_space': '2' }),
} satisfies HostCheck;
