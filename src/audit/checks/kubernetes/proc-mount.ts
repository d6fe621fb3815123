// SPDX-License-Identifier: Apache-2.0
import { eachContainer, type KubernetesCheck, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0015',
  title: 'The dangerous parts of /proc are masked for root of the node',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:procMount', 'NIST-800-190:4.4.3'],
  rationale:
    'With procMount: Unmasked and no user namespace a program reads kernel memory and keys and writes switches of the kernel.',
  remediation: 'Remove `procMount`, or set `hostUsers: false`.',
  references: [STANDARDS],
  examples: [{ good: security('procMount: Default'), bad: security('procMount: Unmasked') }],
  check: (facts) =>
    eachContainer(facts, ({ procMount }) =>
      !facts.hostUsers || ['', 'Default'].includes(procMount)
        ? null
        : ['/securityContext/procMount', `procMount is ${procMount}, and the pod is in no user namespace`],
    ),
} satisfies KubernetesCheck;
