// SPDX-License-Identifier: Apache-2.0
import { eachContainer, type KubernetesCheck, onLinux, podSecurity, STANDARDS } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0012',
  title: 'A filter of system calls is asked for',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:seccompProfile', 'CIS-Docker-1.6:5.22', 'NIST-800-190:4.4.3'],
  rationale: 'A pod that does not say gets none, unless the kubelet was started with --seccomp-default.',
  remediation: 'Set `securityContext.seccompProfile.type: RuntimeDefault` for the pod.',
  references: [STANDARDS, 'https://kubernetes.io/docs/tutorials/security/seccomp/'],
  examples: [
    { good: podSecurity('seccompProfile:\n  type: RuntimeDefault'), bad: podSecurity('seccompProfile:\n  type:') },
  ],
  check: (facts) =>
    onLinux(facts, () =>
      eachContainer(facts, ({ seccompProfile }) =>
        ['RuntimeDefault', 'Localhost'].includes(seccompProfile || facts.seccompProfile)
          ? null
          : ['/securityContext/seccompProfile', 'no filter of system calls is asked for'],
      ),
    ),
  fix: {
    does: 'Sets `securityContext.seccompProfile.type: RuntimeDefault` for the pod, where neither it nor the container says Unconfined: the filter that docker has had for every container since 2016.',
    edits({ at, line, seccompProfile, containers }, { location: { pointer } }) {
      const own = containers.find((one) => pointer === `${one.at}/securityContext/seccompProfile`)?.seccompProfile;
      if (own !== '' || seccompProfile !== '') return [];
      return [{ kind: 'yaml', line, at: `${at}/securityContext/seccompProfile/type`, value: 'RuntimeDefault' }];
    },
  },
} satisfies KubernetesCheck;
