// SPDX-License-Identifier: Apache-2.0

import { fails, PASS } from '../../verdicts.ts';
import { sets } from '../../yaml-text.ts';
import { container, type KubernetesCheck, ofPod } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0028',
  title: 'The pod has a user namespace',
  severity: 'low',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:2.9', 'CIS-Docker-1.6:5.31', 'NIST-800-190:4.4.3'],
  rationale: 'In a user namespace root of a container is nobody on the node: most escapes end there.',
  remediation:
    'Set `hostUsers: false` (on by default since Kubernetes 1.33, with a runtime and file systems that can map ids).',
  references: ['https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/'],
  examples: [{ good: container('env: []', 'hostUsers: false\n'), bad: container('env: []', 'hostUsers: true\n') }],
  check: (facts) =>
    facts.hostUsers
      ? fails(ofPod(facts, '/hostUsers', 'root of its containers is root of the node: hostUsers is not false'))
      : PASS,
  fix: sets(false, {
    does: 'Sets `hostUsers: false` for the pod.',
    risk: 'a cluster older than Kubernetes 1.33 may not know it, and what is on its volumes has to belong to the ids of the pod',
  }),
} satisfies KubernetesCheck;
