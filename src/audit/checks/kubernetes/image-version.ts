// SPDX-License-Identifier: Apache-2.0
import { unversioned } from '../../references.ts';
import { quoted } from '../../verdicts.ts';
import { eachContainer, type KubernetesCheck, pod } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0024',
  title: 'Images have a version',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:5.28', 'NIST-800-190:4.1.5'],
  rationale:
    'What `latest` means changes without anybody here deciding it: two nodes run different programs under one name, and a hijacked tag is taken at once.',
  remediation: 'Name a version and best a digest: registry.example/web:1.4.2@sha256:…',
  references: ['https://kubernetes.io/docs/concepts/containers/images/'],
  examples: [
    {
      good: pod('containers:\n  - name: web\n    image: registry.example:5000/web:1.4.2'),
      bad: pod('containers:\n  - name: web\n    image: registry.example:5000/web'),
    },
    {
      good: pod('containers:\n  - name: web\n    image: web:1'),
      bad: pod('containers:\n  - name: web\n    image: web:latest'),
    },
  ],
  check: (facts) =>
    eachContainer(facts, ({ image }) => {
      const wrong = unversioned(image);
      return wrong === undefined ? null : ['/image', `${quoted(image)} ${wrong}`];
    }),
} satisfies KubernetesCheck;
