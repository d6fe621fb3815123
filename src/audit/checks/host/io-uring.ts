// SPDX-License-Identifier: Apache-2.0
import { notApplicable } from '../../verdicts.ts';
import { before } from './shared/kernel.ts';
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0060',
  title: 'Unprivileged programs have no io_uring',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A fifth of the ways to root that Google paid for in 2022 went through io_uring, and filters of system calls do not see what it does. Where a database needs it, its container can be given the group that may.',
  remediation:
    "Run 'sysctl -w kernel.io_uring_disabled=2' and put kernel.io_uring_disabled = 2 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#io-uring-disabled'],
  examples: [{ good: setting('kernel.io_uring_disabled', '2'), bad: setting('kernel.io_uring_disabled', '0') }],
  check(facts) {
    const { config, release, sysctls: values } = facts.kernel;
    if (values?.['kernel.io_uring_disabled'] === null) {
      if (config !== undefined && config.IO_URING === undefined) return notApplicable('the kernel has no io_uring');
      if (before(release, '6.6'))
        return notApplicable('Linux before 6.6 cannot switch it off; filters of system calls have to refuse it');
    }
    return sysctls(facts, {
      name: 'kernel.io_uring_disabled',
      ok: (value) => value === 1 || value === 2,
      want: '1 (a group may) or 2',
      absent: 'this kernel has io_uring for everybody, or none',
    });
  },
  fix: sysctlFix(
    { 'kernel.io_uring_disabled': '2' },
    { risk: 'programs that use io_uring, some databases among them, fail or get slower' },
  ),
} satisfies HostCheck;
