// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { finalInstructions, problem, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0013',
  title: 'The image says how to find out whether it works',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.6'],
  rationale: 'A program that hangs still runs: without a check nothing restarts it or takes it out of service.',
  remediation:
    'Add HEALTHCHECK CMD with a program that is in the image, or HEALTHCHECK NONE where the orchestrator checks.',
  references: [`${REFERENCE}#healthcheck`],
  examples: [
    { good: 'FROM debian:12\nHEALTHCHECK CMD ["/app", "--check"]\nUSER 1\n', bad: 'FROM debian:12\nUSER 1\n' },
  ],
  check(facts) {
    if (finalInstructions(facts).some(({ keyword }) => keyword === 'HEALTHCHECK')) return { status: 'pass' };
    const last = facts.final.at(-1);
    if (last === undefined) return { status: 'pass' };
    return verdict([
      problem(facts, last.from.region, 'HEALTHCHECK', 'no HEALTHCHECK in the stages that make the image'),
    ]);
  },
} satisfies DockerfileCheck;
