// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0054',
  title: 'Nobody maps the lowest addresses',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'A kernel that follows a null pointer reads what a program has put there.',
  remediation:
    "Run 'sysctl -w vm.mmap_min_addr=65536' and put vm.mmap_min_addr = 65536 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/vm.html#mmap-min-addr'],
  examples: [{ good: setting('vm.mmap_min_addr', '65536'), bad: setting('vm.mmap_min_addr', '0') }],
  check: (facts) => sysctls(facts, { name: 'vm.mmap_min_addr', ok: (value) => value >= 65536, want: '65536 or more' }),
  fix: sysctlFix({ 'vm.mmap_min_addr': '65536' }),
} satisfies HostCheck;
