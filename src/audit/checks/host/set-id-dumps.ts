// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0007',
  title: 'Set-user-id programs leave no core dumps that their caller can read',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.5.1', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'The dump of a program that changed its user holds what it read as root, such as password hashes; with the value 1 it belongs to the caller.',
  remediation:
    "Run 'sysctl -w fs.suid_dumpable=0' and put fs.suid_dumpable = 0 into /etc/sysctl.d/60-containers.conf. 2, which systemd sets for its own handler of dumps, is as good.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/fs.html#suid-dumpable'],
  examples: [{ good: setting('fs.suid_dumpable', '2'), bad: setting('fs.suid_dumpable', '1') }],
  check: (facts) =>
    sysctls(facts, { name: 'fs.suid_dumpable', ok: (value) => value === 0 || value === 2, want: '0 or 2' }),
  fix: sysctlFix({ 'fs.suid_dumpable': '0' }),
} satisfies HostCheck;
