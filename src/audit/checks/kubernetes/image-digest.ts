// SPDX-License-Identifier: Apache-2.0
import { hasDigest } from '../../references.ts';
import { quoted } from '../../verdicts.ts';
import { eachContainer, type KubernetesCheck, pod } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0025',
  title: 'Images are named by their digest',
  severity: 'low',
  target: 'kubernetes',
  frameworks: ['NIST-800-190:4.1.5'],
  rationale: 'A tag can be moved to another image between review and start; a digest cannot.',
  remediation: 'Append the digest: registry.example/web:1.4.2@sha256:…, and let a bot raise it.',
  references: ['https://kubernetes.io/docs/concepts/containers/images/#image-pinning'],
  examples: [
    {
      good: pod(
        'containers:\n  - name: web\n    image: web:1@sha256:abababababababababababababababababababababababababababababababab',
      ),
      bad: pod('containers:\n  - name: web\n    image: web:1'),
    },
  ],
  check: (facts) =>
    eachContainer(facts, ({ image }) => (hasDigest(image) ? null : ['/image', `${quoted(image)} has no digest`])),
} satisfies KubernetesCheck;
