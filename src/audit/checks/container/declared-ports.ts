// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { about, type ContainerCheck, planned } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';
import { publishedPorts } from './shared/network.ts';

export default {
  id: 'SEC-CONTAINER-0035',
  title: 'Only ports that its image declares are published',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.9', 'NIST-800-190:4.4.2'],
  rationale:
    'A published port that nobody declared is a service that nobody thought of: a debugger, a console, another program.',
  remediation:
    'Publish only what the image serves, or add EXPOSE to its Dockerfile so that what it serves is written down.',
  references: ['https://docs.docker.com/reference/dockerfile/#expose'],
  examples: [
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, exposedPorts: ['80/tcp'] } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, exposedPorts: ['81/tcp'] } },
    },
  ],
  check: (facts) =>
    managed(facts, 'its plan does not say what its image declares', ({ exposedPorts }) =>
      exposedPorts === null
        ? unknown('its engine no longer has its image, which would say what it serves')
        : planned(facts, (plan) =>
            publishedPorts(plan, (ports) =>
              [...new Set(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`))]
                .filter((port) => !exposedPorts.includes(port))
                .map((port) => about(facts, port, `the port ${port} is published, and its image does not declare it`)),
            ),
          ),
    ),
} satisfies ContainerCheck;
