// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, options, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0008',
  title: 'No program can get more rights than it was started with',
  severity: 'high',
  target: 'compose',
  frameworks: [
    'CIS-Docker-1.6:5.26',
    'CIS-Docker-1.6:2.14',
    'PSS-Restricted:allowPrivilegeEscalation',
    'NIST-800-190:4.4.3',
  ],
  rationale:
    'Without no_new_privs a set-user-id program of the image, or one that an attacker finds a way to place there, makes root of a user.',
  remediation: 'Add `security_opt: ["no-new-privileges:true"]`.',
  references: [`${SERVICES}#security_opt`, 'https://docs.kernel.org/userspace-api/no_new_privs.html'],
  examples: [
    {
      good: service('security_opt: ["no-new-privileges:true"]'),
      bad: service('security_opt: ["no-new-privileges:false"]'),
    },
    { good: service('security_opt: [no-new-privileges]'), bad: service('security_opt: [label=type:container_t]') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      options(facts, 'no-new-privileges').some((value) => value === '' || value === 'true')
        ? []
        : [['/security_opt', 'security_opt does not have no-new-privileges']],
    ),
  fix: {
    does: 'Adds `no-new-privileges:true` to `security_opt`.',
    edits({ at, line, securityOpt }) {
      const off = securityOpt.filter((option) => /^no-new-privileges[:=]/.test(option));
      const edit = {
        kind: 'yaml',
        line,
        at: `${at}/security_opt`,
        value: ['no-new-privileges:true'],
        instead: off,
      } as const;
      return [
        off.length === 0 ? edit : { ...edit, risk: 'somebody switched it off: a set-user-id program may need that' },
      ];
    },
  },
} satisfies ComposeCheck;
