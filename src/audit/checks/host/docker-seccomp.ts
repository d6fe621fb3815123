// SPDX-License-Identifier: Apache-2.0
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0040',
  title: 'Docker filters system calls by default',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.17', 'CIS-Docker-1.6:5.22', 'NIST-800-190:4.4.3'],
  rationale:
    'With unconfined every container may use every system call, and bugs in rarely used ones are how programs take over the kernel.',
  remediation:
    'Remove "seccomp-profile": "unconfined" in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/security/seccomp/'],
  examples: [{ good: daemon('seccomp-profile', 'builtin'), bad: daemon('seccomp-profile', 'unconfined') }],
  check: (facts) =>
    docker(facts, 'seccomp-profile', (value) =>
      value === 'unconfined' ? 'seccomp-profile is unconfined: no container is filtered' : null,
    ),
  fix: daemonFix(['seccomp-profile'], undefined, {
    risk: 'containers that make other system calls than the default profile allows fail',
  }),
} satisfies HostCheck;
