// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0023',
  title: 'The health check of the image is not switched off',
  severity: 'low',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.27', 'CIS-Docker-1.6:4.6'],
  rationale: 'A program that hangs is never noticed, nor replaced.',
  remediation: 'Remove `healthcheck.disable` and `test: NONE`.',
  references: [`${SERVICES}#healthcheck`],
  examples: [
    { good: service('healthcheck: {disable: false}'), bad: service('healthcheck: {disable: true}') },
    { good: service('healthcheck: {test: [CMD]}'), bad: service('healthcheck: {test: [NONE]}') },
  ],
  check({ healthcheck, ...facts }) {
    if (healthcheck.disabled === null)
      return unknown(`healthcheck.disable of ${facts.name} depends on a variable that has no default`);
    const off = healthcheck.disabled || healthcheck.test[0] === 'NONE';
    return wrongs({ healthcheck, ...facts }, off ? [['/healthcheck', 'its health check is switched off']] : []);
  },
} satisfies ComposeCheck;
