// SPDX-License-Identifier: Apache-2.0

import { secretFile } from '../../secret-files.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { allInstructions, problem, shown, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0018',
  title: 'No file of secrets is copied',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale: 'A key in any layer is in the image for ever; whoever may pull the image has it.',
  remediation:
    'Mount it while it is needed, RUN --mount=type=secret,id=NAME, or RUN --mount=type=ssh, and add its name to .dockerignore.',
  references: ['https://docs.docker.com/build/building/secrets/'],
  examples: [
    {
      good: 'FROM debian:12\nCOPY id_rsa.pub /root/.ssh/\nUSER 1\n',
      bad: 'FROM debian:12\nCOPY id_rsa /root/.ssh/\nUSER 1\n',
    },
    { good: 'FROM debian:12\nCOPY .env.example /app/\nUSER 1\n', bad: 'FROM debian:12\nCOPY .env /app/\nUSER 1\n' },
    { good: 'FROM debian:12\nCOPY package.json /app/\nUSER 1\n', bad: 'FROM debian:12\nCOPY .npmrc /app/\nUSER 1\n' },
  ],
  check(facts) {
    const problems = allInstructions(facts)
      .filter(({ keyword }) => keyword === 'COPY' || keyword === 'ADD')
      .flatMap(({ words, expanded, keyword }) =>
        words.slice(0, -1).flatMap(({ value, region }, i) => {
          const path = expanded[i] ?? value;
          const what = secretFile(path);
          return what === undefined
            ? []
            : [problem(facts, region, `${keyword} ${path}`, `${keyword} ${shown(path)} copies ${what} into the image`)];
        }),
      );
    return verdict(problems);
  },
} satisfies DockerfileCheck;
