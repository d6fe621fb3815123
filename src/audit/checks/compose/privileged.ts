// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { type ComposeCheck, flag, SERVICES, service } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0001',
  title: 'No service is privileged',
  severity: 'critical',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.5', 'PSS-Baseline:privileged', 'NIST-800-190:4.4.3'],
  rationale:
    'A privileged container has every device, every capability and no filter: whoever takes over a program in it is root of the host.',
  remediation: 'Remove `privileged`, and add the one capability or device that is needed.',
  references: [`${SERVICES}#privileged`],
  examples: [
    { good: service('privileged: false'), bad: service('privileged: true') },
    { good: service('privileged: ${PRIVILEGED:-no}'), bad: service('privileged: ${PRIVILEGED:-yes}') },
  ],
  check: (facts) =>
    flag(facts, 'privileged', facts.privileged, true, 'it is privileged: root inside is root of the host'),
  fix: sets(false, {
    does: 'Sets `privileged: false`.',
    risk: 'a program that administers the host fails: name the device or the capability that it needs',
  }),
} satisfies ComposeCheck;
