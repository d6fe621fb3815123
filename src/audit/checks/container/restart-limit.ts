// SPDX-License-Identifier: Apache-2.0
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

export default {
  id: 'SEC-CONTAINER-0032',
  title: 'It is not restarted without end',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.15'],
  rationale:
    'What fails and is restarted for ever hides that it fails, fills logs, and gives who attacks it as many tries as he likes.',
  remediation: "'docker update --restart on-failure:5 NAME', or have a supervisor restart it that counts.",
  references: ['https://docs.docker.com/engine/containers/start-containers-automatically/'],
  examples: [
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, restartCount: 5 } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, restartCount: 0 } },
    },
    {
      good: { ...DOCKER, managed: { ...DOCKER.managed, restart: 'no' } },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, restart: 'always' } },
    },
  ],
  check: (facts) =>
    managed(facts, 'its restarts are counted by the monitor of secure', ({ restart, restartCount }) => {
      if (restart === 'no' || (restart === 'on-failure' && restartCount > 0 && restartCount <= 5)) return [];
      const how =
        restart === 'on-failure' ? (restartCount === 0 ? 'whenever it fails' : `${restartCount} times`) : restart;
      return [about(facts, 'restart', `its engine restarts it ${how}`)];
    }),
} satisfies ContainerCheck;
