// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

const distinct = (sessions: readonly { readonly command: string }[]): string[] => [
  ...new Set(sessions.map(({ command }) => command)),
];

export default {
  id: 'SEC-CONTAINER-0038',
  title: 'Nobody runs a command as root in it',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.24'],
  rationale:
    'A session of root in a container that has another user can change its files and its programs, and is what the container was made to do without.',
  remediation:
    "End the session, and use 'docker exec' without '--user root'; the account of the container is its default.",
  references: ['https://docs.docker.com/reference/cli/docker/container/exec/'],
  examples: [
    {
      good: {
        ...DOCKER,
        managed: { ...DOCKER.managed, sessions: [{ command: 'sh', user: '1000', privileged: false }] },
      },
      bad: {
        ...DOCKER,
        managed: { ...DOCKER.managed, sessions: [{ command: 'sh', user: 'root', privileged: false }] },
      },
    },
  ],
  check: (facts) =>
    managed(facts, 'secure keeps no list of sessions', ({ sessions }) =>
      distinct(sessions.filter(({ user }) => /^(?:root|0+)(?::|$)/.test(user))).map((command) =>
        about(facts, command, `somebody runs ${quoted(command)} in it as root`),
      ),
    ),
} satisfies ContainerCheck;
