// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0025',
  title: 'Limits are those of a group of the engine',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.25'],
  rationale:
    'In a group that somebody else has made the container has that group’s limits and devices in place of its own.',
  remediation: 'Remove `cgroup_parent`.',
  references: [`${SERVICES}#cgroup_parent`],
  examples: [{ good: service('cgroup_parent: ""'), bad: service('cgroup_parent: system.slice') }],
  check: (facts) =>
    wrongs(
      facts,
      facts.cgroupParent === '' ? [] : [['/cgroup_parent', `cgroup_parent is ${quoted(facts.cgroupParent)}`]],
    ),
} satisfies ComposeCheck;
