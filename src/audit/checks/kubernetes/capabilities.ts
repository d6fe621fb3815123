// SPDX-License-Identifier: Apache-2.0
import { BASELINE } from '../container/shared/capabilities.ts';
import { eachContainer, type KubernetesCheck, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0006',
  title: 'No capability is added that containers do not have',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:capabilities', 'CIS-Docker-1.6:5.4', 'NIST-800-190:4.4.3'],
  rationale:
    'SYS_ADMIN mounts, SYS_PTRACE reads the memory of others, SYS_MODULE loads code into the kernel, NET_ADMIN rewrites the firewall: with many of them a container is root of its node.',
  remediation: 'Remove it from `capabilities.add`. What needs it belongs into a pod of its own that does nothing else.',
  references: [STANDARDS, 'https://man7.org/linux/man-pages/man7/capabilities.7.html'],
  examples: [
    { good: security('capabilities:\n  add: [CHOWN]'), bad: security('capabilities:\n  add: [SYS_ADMIN]') },
    { good: security('capabilities:\n  add: [KILL]'), bad: security('capabilities:\n  add: [ALL]') },
  ],
  check: (facts) =>
    eachContainer(facts, ({ capabilities: { add } }) => {
      const more = add.filter((name) => !BASELINE.has(`CAP_${name}`));
      return more.length === 0
        ? null
        : ['/securityContext/capabilities/add', `it gets ${more.join(', ')}, which containers do not have`];
    }),
} satisfies KubernetesCheck;
