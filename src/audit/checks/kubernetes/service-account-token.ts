// SPDX-License-Identifier: Apache-2.0
import { fails, PASS } from '../../verdicts.ts';
import { container, type KubernetesCheck, ofPod } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0026',
  title: 'A token of the API is mounted only where it is asked for',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['NIST-800-190:4.3.1'],
  rationale:
    'Every container of the pod gets a token for the API server: whoever takes over one can ask it what the account may, and it often may more than anybody remembers.',
  remediation:
    'Set `automountServiceAccountToken: false`; where the program talks to the API, name its `serviceAccountName` and set it to true there.',
  references: ['https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/'],
  examples: [
    {
      good: container('env: []', 'automountServiceAccountToken: false\n'),
      bad: container('env: []', 'automountServiceAccountToken:\n'),
    },
    {
      good: container('env: []', 'automountServiceAccountToken: true\nserviceAccountName: web\n'),
      bad: container('env: []', 'automountServiceAccountToken: true\nserviceAccountName: default\n'),
    },
  ],
  check: (facts) => {
    const { automountServiceAccountToken: mounted, serviceAccount } = facts;
    if (mounted === false) return PASS;
    if (mounted === null)
      return fails(
        ofPod(
          facts,
          '/automountServiceAccountToken',
          'a token for the API is mounted, since automountServiceAccountToken is not set',
        ),
      );
    if (!['', 'default'].includes(serviceAccount)) return PASS;
    return fails(
      ofPod(
        facts,
        '/automountServiceAccountToken',
        'the token of the account default is mounted, which all pods of the namespace share',
      ),
    );
  },
  fix: {
    does: 'Sets `automountServiceAccountToken: false`, where nothing is said.',
    risk: 'a program that talks to the API server finds no token',
    edits: ({ automountServiceAccountToken, line }, { location: { pointer } }) =>
      automountServiceAccountToken !== null || pointer === undefined
        ? []
        : [{ kind: 'yaml', line, at: pointer, value: false }],
  },
} satisfies KubernetesCheck;
