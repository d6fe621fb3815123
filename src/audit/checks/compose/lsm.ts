// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, options, service, wrongs } from './shared/check.ts';

const OFF = [
  ['apparmor', 'unconfined'],
  ['label', 'disable'],
  ['systempaths', 'unconfined'],
] as const;

export default {
  id: 'SEC-COMPOSE-0010',
  title: 'The profile of AppArmor or SELinux is not taken away',
  severity: 'high',
  target: 'compose',
  frameworks: [
    'CIS-Docker-1.6:5.2',
    'CIS-Docker-1.6:5.3',
    'PSS-Baseline:appArmorProfile',
    'PSS-Baseline:seLinuxOptions',
  ],
  rationale:
    'The profile keeps a program from mounting, from the switches in /proc and /sys and from the memory of others, also where a capability would let it.',
  remediation: 'Remove `apparmor=unconfined`, `label=disable` and `systempaths=unconfined`.',
  references: ['https://docs.docker.com/engine/security/apparmor/'],
  examples: [
    { good: service('security_opt: ["apparmor=web"]'), bad: service('security_opt: ["apparmor=unconfined"]') },
    { good: service('security_opt: ["label=type:web_t"]'), bad: service('security_opt: ["label=disable"]') },
    { good: service('security_opt: []'), bad: service('security_opt: ["systempaths=unconfined"]') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      OFF.flatMap(([name, value]) =>
        options(facts, name).includes(value)
          ? [['/security_opt', `security_opt has ${name}=${value}`, `/security_opt/${name}`] as const]
          : [],
      ),
    ),
} satisfies ComposeCheck;
