// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0013',
  title: 'Memory is limited',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.11', 'NIST-800-190:4.4.3'],
  rationale: 'Without a limit one container takes the memory of the host, and the kernel kills whoever it likes.',
  remediation: 'Set `mem_limit`, or `deploy.resources.limits.memory`.',
  references: [`${SERVICES}#mem_limit`],
  examples: [
    { good: service('mem_limit: 128m'), bad: service('mem_limit: 0') },
    {
      good: service('deploy:\n  resources:\n    limits:\n      memory: 128M'),
      bad: service('deploy:\n  resources:\n    limits: {}'),
    },
  ],
  check: (facts) => wrongs(facts, (facts.memory ?? 0) > 0 ? [] : [['', 'it has no limit of memory']]),
} satisfies ComposeCheck;
