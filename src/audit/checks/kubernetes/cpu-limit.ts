// SPDX-License-Identifier: Apache-2.0
import { container, eachContainer, type KubernetesCheck } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0023',
  title: 'Processor time is requested or limited',
  severity: 'low',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:5.12'],
  rationale:
    'What requests nothing is scheduled anywhere and takes what it gets: one busy pod starves the others of a node.',
  remediation: 'Set `resources.requests.cpu`, and `resources.limits.cpu` where others on the node must be protected.',
  references: ['https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/'],
  examples: [
    { good: container('resources:\n  requests:\n    cpu: 100m'), bad: container('resources:\n  requests:\n    cpu:') },
  ],
  check: (facts) =>
    eachContainer(facts, ({ kind, limits, requests }) =>
      kind === 'ephemeral' || (limits.cpu ?? requests.cpu ?? '') !== ''
        ? null
        : ['/resources', 'it requests no processor time, and has no limit of it'],
    ),
} satisfies KubernetesCheck;
