// SPDX-License-Identifier: Apache-2.0

import { PASS } from '../../verdicts.ts';
import { sets } from '../../yaml-text.ts';
import { eachContainer, type KubernetesCheck, podSecurity, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0009',
  title: 'Containers do not run as root, whatever their images say',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:runAsNonRoot', 'CIS-Docker-1.6:4.1', 'NIST-800-190:4.4.3'],
  rationale:
    'Root in a container without a user namespace is root of the node to every file and every system call that isolation forgets.',
  remediation:
    'Set `securityContext.runAsNonRoot: true` for the pod; the kubelet then refuses an image that would run as root. Or give the pod a user namespace: `hostUsers: false`.',
  references: [STANDARDS],
  examples: [
    { good: podSecurity('runAsNonRoot: true'), bad: podSecurity('runAsNonRoot: false') },
    { good: security('runAsNonRoot: true'), bad: security('runAsNonRoot:') },
  ],
  check: (facts) =>
    facts.hostUsers
      ? eachContainer(facts, ({ runAsNonRoot }) => {
          const asked = runAsNonRoot ?? facts.runAsNonRoot;
          return asked === true
            ? null
            : [
                '/securityContext/runAsNonRoot',
                `runAsNonRoot is ${asked === null ? 'not set' : 'false'}: it may run as root`,
              ];
        })
      : PASS,
  fix: sets(true, {
    does: 'Sets `runAsNonRoot: true` in the container.',
    risk: 'the kubelet refuses an image whose user is root or a name: set runAsUser to a number above 0 as well',
  }),
} satisfies KubernetesCheck;
