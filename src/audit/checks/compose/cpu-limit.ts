// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0014',
  title: 'Processor time is limited',
  severity: 'low',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.12', 'NIST-800-190:4.4.3'],
  rationale: 'One busy container takes the processors from all others.',
  remediation: 'Set `cpus`, or `deploy.resources.limits.cpus`.',
  references: [`${SERVICES}#cpus`],
  examples: [
    { good: service('cpus: 0.5'), bad: service('cpus: 0') },
    {
      good: service('deploy:\n  resources:\n    limits:\n      cpus: "0.5"'),
      bad: service('deploy:\n  resources:\n    limits: {}'),
    },
  ],
  check: (facts) => wrongs(facts, (facts.cpus ?? 0) > 0 ? [] : [['', 'it has no limit of processor time']]),
} satisfies ComposeCheck;
