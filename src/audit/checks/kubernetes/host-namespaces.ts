// SPDX-License-Identifier: Apache-2.0

import { verdict } from '../../verdicts.ts';
import { sets } from '../../yaml-text.ts';
import { container, type KubernetesCheck, ofPod, STANDARDS } from './shared/check.ts';

const NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC'] as const;

export default {
  id: 'SEC-KUBERNETES-0003',
  title: 'The pod shares no namespace with its node',
  severity: 'high',
  target: 'kubernetes',
  frameworks: [
    'PSS-Baseline:hostNamespaces',
    'CIS-Docker-1.6:5.10',
    'CIS-Docker-1.6:5.16',
    'CIS-Docker-1.6:5.17',
    'NIST-800-190:4.4.2',
  ],
  rationale:
    'With hostPID a program sees and signals every process of the node and reads their environment; with hostNetwork it listens and sniffs beside the kubelet, past every NetworkPolicy; with hostIPC it shares memory with others.',
  remediation: 'Remove `hostNetwork`, `hostPID` and `hostIPC`; publish with a Service.',
  references: [STANDARDS],
  examples: [
    { good: container('env: []', 'hostNetwork: false\n'), bad: container('env: []', 'hostNetwork: true\n') },
    { good: container('env: []', 'hostPID: false\n'), bad: container('env: []', 'hostPID: true\n') },
    { good: container('env: []', 'hostIPC: false\n'), bad: container('env: []', 'hostIPC: true\n') },
  ],
  check: (facts) =>
    verdict(
      NAMESPACES.flatMap((name) =>
        facts[name] ? [ofPod(facts, `/${name}`, `${name}: the pod is in a namespace of its node`)] : [],
      ),
    ),
  fix: sets(false, {
    does: 'Sets it to false.',
    risk: 'a program that looks at its node, or serves on the address of the node, fails',
  }),
} satisfies KubernetesCheck;
