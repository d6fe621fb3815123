// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0009',
  title: 'Only privileged programs observe the kernel by performance counters',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'perf_event_open has had many bugs that give root (CVE-2013-2094, CVE-2023-5717), and its samples tell about addresses and data of the kernel and of other users.',
  remediation:
    "Run 'sysctl -w kernel.perf_event_paranoid=2' and put kernel.perf_event_paranoid = 2 into /etc/sysctl.d/60-containers.conf. Debian and Ubuntu know 3 and 4, which refuse more.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#perf-event-paranoid'],
  examples: [{ good: setting('kernel.perf_event_paranoid', '2'), bad: setting('kernel.perf_event_paranoid', '1') }],
  check: (facts) =>
    sysctls(facts, { name: 'kernel.perf_event_paranoid', ok: (value) => value >= 2, want: '2 or more' }),
  fix: sysctlFix({ 'kernel.perf_event_paranoid': '2' }),
} satisfies HostCheck;
