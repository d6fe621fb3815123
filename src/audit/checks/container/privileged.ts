// SPDX-License-Identifier: Apache-2.0
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

export default {
  id: 'SEC-CONTAINER-0031',
  title: 'It is not privileged',
  severity: 'critical',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.5', 'PSS-Baseline:privileged', 'NIST-800-190:4.4.3'],
  rationale:
    'A privileged container has every capability, every device and no filter: it mounts the disk of the host and is root there.',
  remediation:
    "Make the container again without '--privileged', with the one device or capability that it needs: '--device PATH', '--cap-add NAME'.",
  references: ['https://docs.docker.com/reference/cli/docker/container/run/#privileged'],
  examples: [
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, privileged: false } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, privileged: true } },
    },
  ],
  check: (facts) =>
    managed(facts, 'secure runs no privileged containers', ({ privileged }) =>
      privileged ? [about(facts, 'privileged', 'it is privileged: nothing keeps it from the host')] : [],
    ),
} satisfies ContainerCheck;
