// SPDX-License-Identifier: Apache-2.0
import type { PodFacts } from '../../facts/kubernetes.ts';
import { quoted, verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofContainer, ofPod, podSecurity, STANDARDS, security } from './shared/check.ts';

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];
const wrong = ({ type, user, role }: PodFacts['seLinux']): [string, string][] => [
  ...(TYPES.includes(type) ? [] : [['type', type] as [string, string]]),
  ...Object.entries({ user, role }).filter(([, value]) => value !== ''),
];

export default {
  id: 'SEC-KUBERNETES-0014',
  title: 'A label of SELinux is one of containers',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:seLinuxOptions', 'CIS-Docker-1.6:5.3'],
  rationale:
    'Another type, such as spc_t, leaves a container without the policy; a user or a role of its own can be one that may change it.',
  remediation:
    'Leave out `seLinuxOptions.user`, `role` and `type`, or use container_t, container_init_t, container_kvm_t or container_engine_t.',
  references: [STANDARDS],
  examples: [
    { good: podSecurity('seLinuxOptions:\n  type: container_t'), bad: podSecurity('seLinuxOptions:\n  type: spc_t') },
    { good: security('seLinuxOptions:\n  role:'), bad: security('seLinuxOptions:\n  role: sysadm_r') },
  ],
  check: (facts) => {
    const own = wrong(facts.seLinux).map(([field, value]) =>
      ofPod(
        facts,
        `/securityContext/seLinuxOptions/${field}`,
        `seLinuxOptions.${field} is ${quoted(value)}, which is none of containers`,
      ),
    );
    const each = facts.containers.flatMap((one) =>
      wrong(one.seLinux).map(([field, value]) =>
        ofContainer(
          facts,
          one,
          `/securityContext/seLinuxOptions/${field}`,
          `seLinuxOptions.${field} is ${quoted(value)}, which is none of containers`,
        ),
      ),
    );
    return verdict([...own, ...each]);
  },
} satisfies KubernetesCheck;
