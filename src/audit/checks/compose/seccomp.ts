// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, options, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0009',
  title: 'The filter of system calls is not taken away',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.22', 'PSS-Baseline:seccompProfile', 'NIST-800-190:4.4.3'],
  rationale:
    'Unfiltered, a program reaches the parts of the kernel in which the holes are found that end in root: bpf, userfaultfd, io_uring, keyrings.',
  remediation: 'Remove `seccomp=unconfined`, or name a profile of its own.',
  references: ['https://docs.docker.com/engine/security/seccomp/'],
  examples: [
    { good: service('security_opt: ["seccomp=web.json"]'), bad: service('security_opt: ["seccomp=unconfined"]') },
    { good: service('security_opt: ["seccomp:web.json"]'), bad: service('security_opt: ["seccomp:unconfined"]') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      options(facts, 'seccomp').includes('unconfined')
        ? [['/security_opt', 'seccomp is unconfined: system calls are not filtered']]
        : [],
    ),
} satisfies ComposeCheck;
