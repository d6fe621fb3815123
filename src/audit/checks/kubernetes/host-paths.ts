// SPDX-License-Identifier: Apache-2.0
import { verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofPod, pod, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0004',
  title: 'No directory of the node is mounted',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:hostPath', 'CIS-Docker-1.6:5.6', 'NIST-800-190:4.4.4'],
  rationale:
    'What is written to a path of the node stays there and is read by others; a link that a container leaves in it is followed by whatever uses the path next, the kubelet among them.',
  remediation: 'Use a `persistentVolumeClaim`, `emptyDir`, `configMap` or `projected` volume.',
  references: [STANDARDS, 'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath'],
  examples: [{ good: pod('volumes: []'), bad: pod('volumes:\n  - name: data\n    hostPath:\n      path: /srv') }],
  check: (facts) =>
    verdict(
      facts.volumes.flatMap(({ name, type, hostPath }, i) =>
        type === 'hostPath' ? [ofPod(facts, `/volumes/${i}`, `volume ${name} is ${hostPath} of the node`, name)] : [],
      ),
    ),
} satisfies KubernetesCheck;
