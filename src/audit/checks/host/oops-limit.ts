// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0058',
  title: 'The kernel stops after repeated errors',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Each failed try of an exploit is an oops or a warning; a kernel that goes on for ever lets it be tried until it works, and leaks a reference with each oops.',
  remediation:
    "Run 'sysctl -w kernel.oops_limit=100 kernel.warn_limit=100' and put kernel.oops_limit = 100; kernel.warn_limit = 100 into /etc/sysctl.d/60-containers.conf.",
  references: [
    'https://docs.kernel.org/admin-guide/sysctl/kernel.html#oops-limit',
    'https://docs.kernel.org/admin-guide/sysctl/kernel.html#warn-limit',
  ],
  examples: [
    { good: setting('kernel.oops_limit', '100'), bad: setting('kernel.oops_limit', '10000') },
    { good: setting('kernel.warn_limit', '100'), bad: setting('kernel.warn_limit', '0') },
  ],
  check: (facts) =>
    sysctls(
      facts,
      ...(['kernel.oops_limit', 'kernel.warn_limit'] as const).map((name) => ({
        name,
        // 0: it never stops.
        ok: (value: number) => value >= 1 && value <= 100,
        want: '1 to 100',
      })),
    ),
  fix: sysctlFix(
    { 'kernel.oops_limit': '100', 'kernel.warn_limit': '100' },
    { risk: 'a host whose drivers oops or warn again and again stops where it went on' },
  ),
} satisfies HostCheck;
