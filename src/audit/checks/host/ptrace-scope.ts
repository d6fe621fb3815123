// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0004',
  title: 'Programs cannot trace programs that they did not start',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Without Yama any program reads the memory of every other one of its user: keys of agents, sessions of browsers, and those of rootless containers of the same user.',
  remediation:
    "Run 'sysctl -w kernel.yama.ptrace_scope=1' and put kernel.yama.ptrace_scope = 1 into /etc/sysctl.d/60-containers.conf. If it does not exist, add yama to 'lsm=' on the kernel's command line. 3 stops debuggers until the next start and is not needed.",
  references: ['https://docs.kernel.org/admin-guide/LSM/Yama.html'],
  examples: [
    { good: setting('kernel.yama.ptrace_scope', '1'), bad: setting('kernel.yama.ptrace_scope', '0') },
    { good: setting('kernel.yama.ptrace_scope', '1'), bad: setting('kernel.yama.ptrace_scope', null) },
  ],
  check: (facts) =>
    sysctls(facts, {
      name: 'kernel.yama.ptrace_scope',
      ok: (value) => value >= 1 && value <= 3,
      want: '1, 2 or 3',
      absent: 'Yama is not built in, or not switched on',
    }),
  fix: sysctlFix({ 'kernel.yama.ptrace_scope': '1' }),
} satisfies HostCheck;
