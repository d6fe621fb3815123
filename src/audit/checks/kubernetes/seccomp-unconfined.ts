// SPDX-License-Identifier: Apache-2.0

import { verdict } from '../../verdicts.ts';
import { sets } from '../../yaml-text.ts';
import { type KubernetesCheck, ofContainer, ofPod, podSecurity, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0011',
  title: 'The filter of system calls is not taken away',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:seccompProfile', 'CIS-Docker-1.6:5.22', 'NIST-800-190:4.4.3'],
  rationale:
    'Unfiltered, a program reaches the parts of the kernel in which the holes are found that end in root: bpf, userfaultfd, io_uring, keyrings.',
  remediation: 'Set `seccompProfile.type: RuntimeDefault`, or `Localhost` with a profile of its own.',
  references: [STANDARDS, 'https://kubernetes.io/docs/tutorials/security/seccomp/'],
  examples: [
    {
      good: podSecurity('seccompProfile:\n  type: RuntimeDefault'),
      bad: podSecurity('seccompProfile:\n  type: Unconfined'),
    },
    { good: security('seccompProfile:\n  type: RuntimeDefault'), bad: security('seccompProfile:\n  type: Unconfined') },
  ],
  check: (facts) => {
    const own =
      facts.seccompProfile === 'Unconfined'
        ? [
            ofPod(
              facts,
              '/securityContext/seccompProfile',
              'seccompProfile is Unconfined: system calls are not filtered',
            ),
          ]
        : [];
    const each = facts.containers.filter(({ seccompProfile }) => seccompProfile === 'Unconfined');
    return verdict([
      ...own,
      ...each.map((one) => ofContainer(facts, one, '/securityContext/seccompProfile', 'seccompProfile is Unconfined')),
    ]);
  },
  fix: sets('RuntimeDefault', {
    at: '/type',
    does: 'Sets `seccompProfile.type: RuntimeDefault`.',
    risk: 'somebody switched it off: a system call may be needed that the filter refuses',
  }),
} satisfies KubernetesCheck;
