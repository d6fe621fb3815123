// SPDX-License-Identifier: Apache-2.0

import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { problem, verdict } from './shared/problems.ts';
import { lastUser } from './shared/user.ts';

/** Bases whose name promises that they do not run as root. */
const NONROOT = /(?:[:_-](?:nonroot|rootless)\b|nginx-unprivileged[:@]|^cgr\.dev\/chainguard\/)/;
const NOWHERE = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };

export default {
  id: 'SEC-DOCKERFILE-0002',
  title: 'The image says which user it runs as',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.1', 'NIST-800-190:4.1.2'],
  rationale:
    'Without USER the image runs as whoever its base runs as. That is root for nearly every base, and may change when the base does.',
  remediation:
    'Make an account and end the last stage with it: RUN useradd --system --uid 10001 --no-create-home app, then USER 10001:10001. On scratch, USER 10001:10001 is enough.',
  references: [`${REFERENCE}#user`],
  examples: [
    { good: 'FROM debian:12\nUSER 10001:10001\n', bad: 'FROM debian:12\n' },
    { good: 'FROM scratch\nCOPY app /app\nUSER 1\n', bad: 'FROM scratch\nCOPY app /app\n' },
  ],
  check(facts) {
    if (lastUser(facts) !== undefined) return { status: 'pass' };
    const [lowest] = facts.final;
    const last = facts.final.at(-1);
    const base = lowest?.base.kind === 'image' ? lowest.base.reference : '';
    if (NONROOT.test(base)) return { status: 'pass' };
    return verdict([
      problem(
        facts,
        (last ?? lowest)?.from.region ?? NOWHERE,
        'USER',
        'no USER in the last stage or in those it stands on',
      ),
    ]);
  },
} satisfies DockerfileCheck;
