// SPDX-License-Identifier: Apache-2.0

import { isEngineSocket } from '../../sockets.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { finalInstructions, problem, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0017',
  title: 'The socket of a container engine is no volume',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:5.32'],
  rationale: 'Whoever reaches the socket of the engine starts a container with every right on the host: it is root.',
  remediation: 'Remove the VOLUME; what has to see containers gets a proxy that only reads.',
  references: ['https://docs.docker.com/engine/security/#docker-daemon-attack-surface'],
  examples: [
    {
      good: 'FROM debian:12\nVOLUME /var/run/app\nUSER 1\n',
      bad: 'FROM debian:12\nVOLUME /var/run/docker.sock\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nVOLUME ["/data", "/srv"]\nUSER 1\n',
      bad: 'FROM debian:12\nVOLUME ["/data", "/run/containerd"]\nUSER 1\n',
    },
  ],
  check(facts) {
    const problems = finalInstructions(facts)
      .filter(({ keyword }) => keyword === 'VOLUME')
      .flatMap(({ words, expanded }) =>
        words.flatMap(({ region }, i) => {
          const path = (expanded[i] ?? '').replace(/\/+$/, '');
          return isEngineSocket(path)
            ? [problem(facts, region, `VOLUME ${path}`, `VOLUME ${path} is where an engine is controlled`)]
            : [];
        }),
      );
    return verdict(problems);
  },
} satisfies DockerfileCheck;
