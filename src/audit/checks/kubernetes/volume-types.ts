// SPDX-License-Identifier: Apache-2.0
import { verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofPod, pod, STANDARDS } from './shared/check.ts';

const TYPES = new Set([
  '',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export default {
  id: 'SEC-KUBERNETES-0018',
  title: 'Volumes are of types that do not lie on the node',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:volumes'],
  rationale:
    'Other types mount what the node has, or let whoever writes the manifest name a server of storage and reach it as the node.',
  remediation:
    'Use `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`, `projected` or `secret`.',
  references: [STANDARDS],
  examples: [
    { good: pod('volumes:\n  - name: data\n    emptyDir: {}'), bad: pod('volumes:\n  - name: data\n    nfs: {}') },
  ],
  check: (facts) =>
    verdict(
      facts.volumes.flatMap(({ name, type }, i) =>
        TYPES.has(type) ? [] : [ofPod(facts, `/volumes/${i}`, `volume ${name} is of the type ${type}`, name)],
      ),
    ),
} satisfies KubernetesCheck;
