// SPDX-License-Identifier: Apache-2.0
import { verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofContainer, ofPod, podSecurity, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0002',
  title: 'No container of Windows is a process of the node',
  severity: 'critical',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:hostProcess'],
  rationale: 'A HostProcess container runs as an account of the node, without any isolation.',
  remediation: 'Remove `securityContext.windowsOptions.hostProcess`.',
  references: [STANDARDS],
  examples: [
    {
      good: podSecurity('windowsOptions:\n  hostProcess: false'),
      bad: podSecurity('windowsOptions:\n  hostProcess: true'),
    },
  ],
  check: (facts) => {
    const own =
      facts.hostProcess === true
        ? [ofPod(facts, '/securityContext/windowsOptions/hostProcess', 'its containers run as processes of the node')]
        : [];
    const each = facts.containers.filter(({ hostProcess }) => hostProcess === true);
    return verdict([
      ...own,
      ...each.map((one) =>
        ofContainer(facts, one, '/securityContext/windowsOptions/hostProcess', 'it runs as a process of the node'),
      ),
    ]);
  },
} satisfies KubernetesCheck;
