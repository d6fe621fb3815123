// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0006',
  title: 'Pipes and files that others left in shared directories are not opened',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A program of root that creates a file in /tmp writes into the one, or the pipe, that another user put there under this name before.',
  remediation:
    "Run 'sysctl -w fs.protected_fifos=1 fs.protected_regular=2' and put fs.protected_fifos = 1; fs.protected_regular = 2 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-fifos'],
  examples: [
    { good: setting('fs.protected_fifos', '1'), bad: setting('fs.protected_fifos', '0') },
    { good: setting('fs.protected_regular', '2'), bad: setting('fs.protected_regular', '0') },
  ],
  check: (facts) =>
    sysctls(
      facts,
      { name: 'fs.protected_fifos', ok: (value) => value === 1 || value === 2, want: '1 or 2' },
      { name: 'fs.protected_regular', ok: (value) => value === 1 || value === 2, want: '1 or 2' },
    ),
  fix: sysctlFix({ 'fs.protected_fifos': '1', 'fs.protected_regular': '1' }),
} satisfies HostCheck;
