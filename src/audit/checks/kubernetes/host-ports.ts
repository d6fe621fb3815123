// SPDX-License-Identifier: Apache-2.0
import { verdict } from '../../verdicts.ts';
import { container, type KubernetesCheck, ofContainer, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0019',
  title: 'No port of the node is taken',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:hostPorts', 'CIS-Docker-1.6:5.8', 'NIST-800-190:4.3.3'],
  rationale:
    'A port of the node is open to everybody who reaches it, past Services and often past NetworkPolicies, and only one pod of a node can have it.',
  remediation: 'Remove `hostPort`, and publish with a Service.',
  references: [STANDARDS],
  examples: [
    {
      good: container('ports:\n  - containerPort: 80\n    hostPort: 0'),
      bad: container('ports:\n  - containerPort: 80\n    hostPort: 80'),
    },
  ],
  check: (facts) =>
    verdict(
      facts.containers.flatMap((one) =>
        one.ports.flatMap(({ hostPort }, i) =>
          hostPort === 0
            ? []
            : [
                ofContainer(
                  facts,
                  one,
                  `/ports/${i}/hostPort`,
                  `port ${hostPort} of the node leads to it`,
                  String(hostPort),
                ),
              ],
        ),
      ),
    ),
} satisfies KubernetesCheck;
