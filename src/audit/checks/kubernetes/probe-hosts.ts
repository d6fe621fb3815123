// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { container, eachContainer, type KubernetesCheck, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0020',
  title: 'Probes and handlers ask the pod itself',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:hostProbes'],
  rationale:
    'A probe with a host is made by the kubelet: whoever writes the manifest sends requests from the network of the node, to metadata services and what else listens there.',
  remediation: 'Remove `host` from `httpGet` and `tcpSocket` of probes and lifecycle handlers.',
  references: [STANDARDS],
  examples: [
    {
      good: container('livenessProbe:\n  tcpSocket:\n    port: 80\n    host: ""'),
      bad: container('livenessProbe:\n  tcpSocket:\n    port: 80\n    host: 169.254.169.254'),
    },
  ],
  check: (facts) =>
    eachContainer(facts, ({ probeHosts }) =>
      probeHosts.length === 0
        ? null
        : ['', `its probes ask ${probeHosts.map(quoted).join(', ')} from the network of the node`],
    ),
} satisfies KubernetesCheck;
