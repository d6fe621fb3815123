// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { eachContainer, type KubernetesCheck, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0001',
  title: 'No container is privileged',
  severity: 'critical',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:privileged', 'CIS-Docker-1.6:5.5', 'NIST-800-190:4.4.3'],
  rationale:
    'A privileged container has every device, every capability and no filter: whoever takes over a program in it is root of the node.',
  remediation: 'Remove `securityContext.privileged`, and add the one capability or device that is needed.',
  references: [STANDARDS],
  examples: [{ good: security('privileged: false'), bad: security('privileged: true') }],
  check: (facts) =>
    eachContainer(facts, ({ privileged }) =>
      privileged ? ['/securityContext/privileged', 'it is privileged: root inside is root of the node'] : null,
    ),
  fix: sets(false, {
    does: 'Sets `privileged: false` in the container.',
    risk: 'a program that administers its node fails: name the capability that it needs',
  }),
} satisfies KubernetesCheck;
