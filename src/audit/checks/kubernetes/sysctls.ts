// SPDX-License-Identifier: Apache-2.0
import { quoted, verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofPod, podSecurity, STANDARDS } from './shared/check.ts';

/** Kubernetes 1.37. */
const SAFE = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.ipv4.tcp_slow_start_after_idle',
  'net.ipv4.tcp_notsent_lowat',
]);

export default {
  id: 'SEC-KUBERNETES-0017',
  title: 'Only sysctls of the pod alone are set',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:sysctls'],
  rationale: 'Other sysctls are of the whole node: what one pod sets holds for all.',
  remediation: 'Remove it from `securityContext.sysctls`, and set it on the nodes that need it.',
  references: [STANDARDS, 'https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/'],
  examples: [
    {
      good: podSecurity('sysctls:\n  - name: net.ipv4.tcp_syncookies\n    value: "1"'),
      bad: podSecurity('sysctls:\n  - name: kernel.msgmax\n    value: "1"'),
    },
  ],
  check: (facts) =>
    verdict(
      facts.sysctls.flatMap((name, i) =>
        SAFE.has(name)
          ? []
          : [
              ofPod(
                facts,
                `/securityContext/sysctls/${i}`,
                `${quoted(name)} is none of the sysctls of a pod alone`,
                name,
              ),
            ],
      ),
    ),
} satisfies KubernetesCheck;
