// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0011',
  title: 'Containers can have user namespaces',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.9', 'NIST-800-190:4.4.3'],
  rationale:
    'General hardening guides set this to 0; on a host of containers that takes away what makes root inside nobody outside, and every container with it runs as the real root.',
  remediation:
    "Run 'sysctl -w user.max_user_namespaces=65536' and remove the line that sets 0 from /etc/sysctl.d ('grep -r max_user_namespaces /etc/sysctl*'). Seccomp keeps programs in containers from making their own.",
  references: [
    'https://man7.org/linux/man-pages/man7/namespaces.7.html',
    'https://docs.kernel.org/admin-guide/sysctl/user.html',
  ],
  examples: [
    { good: setting('user.max_user_namespaces', '127235'), bad: setting('user.max_user_namespaces', '0') },
    { good: setting('user.max_user_namespaces', '127235'), bad: setting('user.max_user_namespaces', null) },
  ],
  check: (facts) =>
    sysctls(facts, {
      name: 'user.max_user_namespaces',
      ok: (value) => value > 0,
      want: 'more than 0',
      absent: 'the kernel is built without CONFIG_USER_NS',
    }),
} satisfies HostCheck;
