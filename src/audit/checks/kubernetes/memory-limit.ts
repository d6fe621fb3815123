// SPDX-License-Identifier: Apache-2.0
import { container, eachContainer, type KubernetesCheck } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0022',
  title: 'Memory is limited',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:5.11', 'NIST-800-190:4.4.3'],
  rationale: 'Without a limit one pod takes the memory of its node, and the kernel kills whoever it likes.',
  remediation: 'Set `resources.limits.memory`.',
  references: ['https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/'],
  examples: [
    {
      good: container('resources:\n  limits:\n    memory: 128Mi'),
      bad: container('resources:\n  limits:\n    memory:'),
    },
  ],
  check: (facts) =>
    eachContainer(facts, ({ kind, limits }) =>
      kind === 'ephemeral' || (limits.memory ?? '') !== '' ? null : ['/resources', 'it has no limit of memory'],
    ),
} satisfies KubernetesCheck;
