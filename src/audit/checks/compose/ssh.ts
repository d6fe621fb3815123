// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0026',
  title: 'No SSH server runs in a service',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.7'],
  rationale:
    'A second way in has keys, passwords and holes of its own, and nobody sees in the logs of the engine who used it.',
  remediation: 'Remove it, and use `docker compose exec`.',
  references: ['https://docs.docker.com/reference/cli/docker/compose/exec/'],
  examples: [
    { good: service('command: [web]'), bad: service('command: [/usr/sbin/sshd]') },
    { good: service('ports: ["127.0.0.1:2222:2222"]'), bad: service('ports: ["127.0.0.1:2222:22"]') },
  ],
  check: (facts) =>
    wrongs(facts, [
      ...(['command', 'entrypoint'] as const).flatMap((key) =>
        facts[key].some((word) => /(?:^|[\s/])(?:sshd|dropbear)(?:\s|$)/.test(word))
          ? [[`/${key}`, 'it starts an SSH server'] as const]
          : [],
      ),
      ...(facts.ports.some(({ containerPort }) => containerPort === 22)
        ? [['/ports', 'its port 22 is published'] as const]
        : []),
    ]),
} satisfies ComposeCheck;
