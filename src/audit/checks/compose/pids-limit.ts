// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0015',
  title: 'The number of processes is limited',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.29', 'NIST-800-190:4.4.3'],
  rationale: 'A program that starts itself over and over takes every process id of the host.',
  remediation: 'Set `pids_limit`, or `deploy.resources.limits.pids`.',
  references: [`${SERVICES}#pids_limit`],
  examples: [
    { good: service('pids_limit: 100'), bad: service('pids_limit: 0') },
    {
      good: service('deploy:\n  resources:\n    limits:\n      pids: 100'),
      bad: service('deploy:\n  resources:\n    limits: {}'),
    },
  ],
  check: (facts) => wrongs(facts, (facts.pids ?? 0) > 0 ? [] : [['', 'it has no limit of processes']]),
} satisfies ComposeCheck;
