// SPDX-License-Identifier: Apache-2.0
import { unversioned } from '../../references.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { problem, shown, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0003',
  title: 'Base images have a version',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.2', 'NIST-800-190:4.1.5'],
  rationale:
    'What `latest` means changes without anybody here deciding it: two builds of the same file differ, and a bad release or a hijacked tag is taken at once.',
  remediation: 'Name a version and best a digest: FROM debian:12.11@sha256:..., and let a bot raise it.',
  references: [`${BEST_PRACTICES}#pin-base-image-versions`],
  examples: [
    { good: 'FROM debian:12\nUSER 1\n', bad: 'FROM debian\nUSER 1\n' },
    { good: 'ARG BASE=debian:12\nFROM $BASE\nUSER 1\n', bad: 'ARG BASE=debian:latest\nFROM $BASE\nUSER 1\n' },
    { good: 'FROM localhost:5000/app:2\nUSER 1\n', bad: 'FROM localhost:5000/app\nUSER 1\n' },
  ],
  check(facts) {
    const problems = facts.stages.flatMap(({ base, from }) => {
      const what = base.kind === 'image' ? unversioned(base.reference) : undefined;
      if (base.kind !== 'image' || what === undefined) return [];
      return [problem(facts, from.region, `FROM ${base.reference}`, `the base image ${shown(base.reference)} ${what}`)];
    });
    return verdict(problems);
  },
} satisfies DockerfileCheck;
