// SPDX-License-Identifier: Apache-2.0
import { eachContainer, type KubernetesCheck, onLinux, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0008',
  title: 'No program can get more rights than it was started with',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:allowPrivilegeEscalation', 'CIS-Docker-1.6:5.26', 'NIST-800-190:4.4.3'],
  rationale:
    'Without no_new_privs a set-user-id program of the image, or one that an attacker finds a way to place there, makes root of a user.',
  remediation: 'Set `securityContext.allowPrivilegeEscalation: false` in each container.',
  references: [STANDARDS, 'https://docs.kernel.org/userspace-api/no_new_privs.html'],
  examples: [
    { good: security('allowPrivilegeEscalation: false'), bad: security('allowPrivilegeEscalation: true') },
    { good: security('allowPrivilegeEscalation: false'), bad: security('allowPrivilegeEscalation:') },
  ],
  check: (facts) =>
    onLinux(facts, () =>
      eachContainer(facts, ({ allowPrivilegeEscalation: allowed }) =>
        allowed === false
          ? null
          : [
              '/securityContext/allowPrivilegeEscalation',
              `allowPrivilegeEscalation is ${allowed === null ? 'not set, so true' : 'true'}`,
            ],
      ),
    ),
  fix: {
    does: 'Sets `allowPrivilegeEscalation: false` in the container, unless the API server would refuse that: it is privileged, or has CAP_SYS_ADMIN.',
    edits({ line, containers }, { location: { pointer } }) {
      const found = containers.find(({ at }) => pointer === `${at}/securityContext/allowPrivilegeEscalation`);
      if (found === undefined || pointer === undefined || found.privileged) return [];
      if (found.capabilities.add.some((name) => /^(?:CAP_)?(?:SYS_ADMIN|ALL)$/i.test(name))) return [];
      const edit = { kind: 'yaml', line, at: pointer, value: false } as const;
      if (found.allowPrivilegeEscalation === null) return [edit];
      return [{ ...edit, risk: 'somebody switched it on: a set-user-id program may need that' }];
    },
  },
} satisfies KubernetesCheck;
