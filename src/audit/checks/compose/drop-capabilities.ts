// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { type ComposeCheck, capability, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0007',
  title: 'Every capability is dropped',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.4', 'PSS-Restricted:capabilities', 'NIST-800-190:4.4.3'],
  rationale:
    'docker gives a container fourteen capabilities of which most programs use none: NET_RAW forges packets, MKNOD and SETFCAP leave things behind for others, DAC_OVERRIDE reads every file.',
  remediation: 'Set `cap_drop: [ALL]`, and `cap_add` the ones that the program needs.',
  references: [`${SERVICES}#cap_drop`],
  examples: [{ good: service('cap_drop: [ALL]'), bad: service('cap_drop: [NET_RAW]') }],
  check: (facts) =>
    wrongs(
      facts,
      facts.capabilities.drop.some((name) => capability(name) === 'CAP_ALL')
        ? []
        : [['/cap_drop', 'it keeps what the engine gives it: cap_drop does not name ALL']],
    ),
  fix: sets(['ALL'], {
    does: 'Adds `ALL` to `cap_drop`.',
    risk: 'a program that needs a capability fails without it: find which by `docker compose up`, and name it in cap_add',
  }),
} satisfies ComposeCheck;
