// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

export default {
  id: 'SEC-CONTAINER-0034',
  title: 'It is in the control group of its engine',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.25'],
  rationale:
    'In another group than its siblings the limits that somebody set for all containers do not hold for it, and those of something else do.',
  remediation: "Make the container again without '--cgroup-parent'.",
  references: ['https://docs.docker.com/reference/cli/docker/container/run/'],
  examples: [
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, cgroupParent: '' } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, cgroupParent: '/elsewhere' } },
    },
  ],
  check: (facts) =>
    managed(facts, 'secure makes each group below its own', ({ cgroupParent }) =>
      ['', '/docker', 'system.slice', '/libpod_parent', 'machine.slice', 'user.slice'].includes(cgroupParent)
        ? []
        : [about(facts, 'parent', `its control group lies below ${quoted(cgroupParent)}`)],
    ),
} satisfies ContainerCheck;
