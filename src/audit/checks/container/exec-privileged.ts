// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

const distinct = (sessions: readonly { readonly command: string }[]): string[] => [
  ...new Set(sessions.map(({ command }) => command)),
];

export default {
  id: 'SEC-CONTAINER-0037',
  title: 'Nobody runs a privileged command in it',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.23'],
  rationale:
    'A privileged session has what the container was denied, and everything in the container can reach it: its process, its files, its terminal.',
  remediation:
    "End the session, and use 'docker exec' without '--privileged'. Who opened it stands in the log of the audit system when it watches the client.",
  references: ['https://docs.docker.com/reference/cli/docker/container/exec/'],
  examples: [
    {
      good: {
        ...DOCKER,
        managed: { ...DOCKER.managed, sessions: [{ command: 'sh', user: '1000', privileged: false }] },
      },
      bad: { ...DOCKER, managed: { ...DOCKER.managed, sessions: [{ command: 'sh', user: '1000', privileged: true }] } },
    },
  ],
  check: (facts) =>
    managed(facts, 'secure gives a session no more than the container has', ({ sessions }) =>
      distinct(sessions.filter(({ privileged }) => privileged)).map((command) =>
        about(facts, command, `somebody runs ${quoted(command)} in it with every capability`),
      ),
    ),
} satisfies ContainerCheck;
