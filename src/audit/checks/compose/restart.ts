// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0024',
  title: 'A service that fails is not started without end',
  severity: 'low',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.15'],
  rationale:
    'What crashes and is started at once again and again takes the processors, fills logs, and hides that it is broken.',
  remediation: 'Set `restart: on-failure:5`, or `deploy.restart_policy.max_attempts`.',
  references: [`${SERVICES}#restart`],
  examples: [
    { good: service('restart: on-failure:5'), bad: service('restart: always') },
    { good: service('restart: "no"'), bad: service('restart: unless-stopped') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      /^(?:always|unless-stopped|on-failure)$/.test(facts.restart)
        ? [['/restart', `restart is ${facts.restart}: it is started again without end`]]
        : [],
    ),
  fix: sets('on-failure:5', {
    does: 'Sets `restart: on-failure:5`.',
    risk: 'it does not start with the host any more, and stays down after five failures',
  }),
} satisfies ComposeCheck;
