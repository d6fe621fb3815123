// SPDX-License-Identifier: Apache-2.0
import { container, eachContainer, type KubernetesCheck, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0016',
  title: 'The dangerous parts of /proc are masked',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:procMount'],
  rationale:
    'What is unmasked is read in a user namespace too: addresses of the kernel, timers, keys. Only what runs containers in a container needs it.',
  remediation: 'Remove `procMount`.',
  references: [STANDARDS],
  examples: [
    {
      good: container('securityContext:\n  procMount: Default', 'hostUsers: false\n'),
      bad: container('securityContext:\n  procMount: Unmasked', 'hostUsers: false\n'),
    },
  ],
  check: (facts) =>
    eachContainer(facts, ({ procMount }) =>
      ['', 'Default'].includes(procMount) ? null : ['/securityContext/procMount', `procMount is ${procMount}`],
    ),
} satisfies KubernetesCheck;
