// SPDX-License-Identifier: Apache-2.0
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

export default {
  id: 'SEC-CONTAINER-0033',
  title: 'Somebody looks whether it still works',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.27'],
  rationale: 'A program that hangs, or that was replaced by another one, still runs as far as the engine can see.',
  remediation: "Add HEALTHCHECK to its Dockerfile, or run it with '--health-cmd COMMAND'.",
  references: ['https://docs.docker.com/reference/dockerfile/#healthcheck'],
  examples: [
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, healthcheck: true } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, healthcheck: false } },
    },
  ],
  check: (facts) =>
    managed(facts, 'the checks of its image look at it', ({ healthcheck }) =>
      healthcheck ? [] : [about(facts, 'healthcheck', 'nothing looks whether its program still works')],
    ),
} satisfies ContainerCheck;
