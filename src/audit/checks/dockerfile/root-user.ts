// SPDX-License-Identifier: Apache-2.0

import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { problem, verdict } from './shared/problems.ts';
import { isRoot, judgeUser } from './shared/user.ts';

export default {
  id: 'SEC-DOCKERFILE-0001',
  title: 'The image does not end as root',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.1', 'NIST-800-190:4.1.2'],
  rationale:
    'A program that runs as root needs one flaw in the kernel or one wrong mount to be root on the host; file permissions inside the image do not hold it either.',
  remediation:
    'Make an account of its own and end with it: RUN useradd --system --uid 10001 --no-create-home app, then USER 10001:10001.',
  references: [`${REFERENCE}#user`, 'https://cwe.mitre.org/data/definitions/250.html'],
  examples: [
    {
      good: 'FROM debian:12\nUSER root\nRUN true\nUSER 10001:10001\n',
      bad: 'FROM debian:12\nUSER root\nRUN true\nUSER 0:0\n',
    },
    { good: 'FROM debian:12 AS base\nUSER app\nFROM base\n', bad: 'FROM debian:12 AS base\nUSER root\nFROM base\n' },
  ],
  check: (facts) =>
    judgeUser(facts, (name, user) =>
      verdict(
        isRoot(name)
          ? [problem(facts, user.region, `USER ${name}`, `the image runs as root: its last user is ${name}`)]
          : [],
      ),
    ),
} satisfies DockerfileCheck;
