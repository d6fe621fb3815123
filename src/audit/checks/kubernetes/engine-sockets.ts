// SPDX-License-Identifier: Apache-2.0
import { engineSocket } from '../../places.ts';
import { verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofPod, pod } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0005',
  title: 'No socket of an engine or of the system manager is mounted',
  severity: 'critical',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:5.32', 'NIST-800-190:4.4.4'],
  rationale:
    'Through such a socket a program inside starts a container with the root of the node in it. A read-only mount does not prevent it: connecting is no writing.',
  remediation:
    'Remove the volume. Build images with a builder that needs no engine, and read about pods from the API server with a service account.',
  references: ['https://kubernetes.io/docs/concepts/storage/volumes/#hostpath'],
  examples: [
    {
      good: pod('volumes:\n  - name: data\n    hostPath:\n      path: /srv/web'),
      bad: pod('volumes:\n  - name: data\n    hostPath:\n      path: /var/run/docker.sock'),
    },
    {
      good: pod('volumes:\n  - name: data\n    hostPath:\n      path: /srv/web'),
      bad: pod('volumes:\n  - name: data\n    hostPath:\n      path: /run/containerd'),
    },
  ],
  check: (facts) =>
    verdict(
      facts.volumes.flatMap(({ name, hostPath }, i) => {
        const socket = hostPath === '' ? undefined : engineSocket(hostPath);
        return socket === undefined
          ? []
          : [
              ofPod(
                facts,
                `/volumes/${i}/hostPath`,
                `volume ${name}, ${hostPath} of the node, gives ${socket}: control of the node`,
                name,
              ),
            ];
      }),
    ),
} satisfies KubernetesCheck;
