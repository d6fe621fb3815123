// SPDX-License-Identifier: Apache-2.0
import { PASS, verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofContainer, ofPod, podSecurity, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0010',
  title: 'No container is made to run as root',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:runAsUser', 'CIS-Docker-1.6:4.1', 'NIST-800-190:4.4.3'],
  rationale: 'runAsUser: 0 overrides the user that the image has: what was built to run without rights runs as root.',
  remediation: 'Set `securityContext.runAsUser` to another number, or leave it out.',
  references: [STANDARDS],
  examples: [
    { good: podSecurity('runAsUser: 1000'), bad: podSecurity('runAsUser: 0') },
    { good: security('runAsUser: 1000'), bad: security('runAsUser: 0') },
  ],
  check: (facts) => {
    if (!facts.hostUsers) return PASS;
    const own =
      facts.runAsUser === 0
        ? [ofPod(facts, '/securityContext/runAsUser', 'runAsUser is 0: its containers run as root')]
        : [];
    const each = facts.containers.filter(({ runAsUser }) => runAsUser === 0);
    return verdict([
      ...own,
      ...each.map((one) => ofContainer(facts, one, '/securityContext/runAsUser', 'runAsUser is 0: it runs as root')),
    ]);
  },
} satisfies KubernetesCheck;
