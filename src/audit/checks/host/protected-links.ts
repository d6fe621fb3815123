// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0005',
  title: 'Links in shared directories are not followed blindly',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A link in /tmp to a file of root makes a careless program of root write it; through a shared volume the one who lays it may be in a container.',
  remediation:
    "Run 'sysctl -w fs.protected_symlinks=1 fs.protected_hardlinks=1' and put fs.protected_symlinks = 1; fs.protected_hardlinks = 1 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-symlinks'],
  examples: [
    { good: setting('fs.protected_symlinks', '1'), bad: setting('fs.protected_symlinks', '0') },
    { good: setting('fs.protected_hardlinks', '1'), bad: setting('fs.protected_hardlinks', '0') },
  ],
  check: (facts) =>
    sysctls(
      facts,
      { name: 'fs.protected_symlinks', ok: (value) => value === 1, want: '1' },
      { name: 'fs.protected_hardlinks', ok: (value) => value === 1, want: '1' },
    ),
  fix: sysctlFix({ 'fs.protected_symlinks': '1', 'fs.protected_hardlinks': '1' }),
} satisfies HostCheck;
