// SPDX-License-Identifier: Apache-2.0
import { unversioned } from '../../references.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { usedImages } from './shared/images.ts';
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
    {
      good: 'FROM scratch\nCOPY --from=busybox:1.37 /bin/busybox /\nUSER 1\n',
      bad: 'FROM scratch\nCOPY --from=busybox /bin/busybox /\nUSER 1\n',
    },
    { good: 'FROM localhost:5000/app:2\nUSER 1\n', bad: 'FROM localhost:5000/app\nUSER 1\n' },
  ],
  check(facts) {
    const problems = usedImages(facts).flatMap(({ reference, by, region }) => {
      const what = reference === undefined ? undefined : unversioned(reference);
      if (reference === undefined || what === undefined) return [];
      const image = by === 'FROM' ? 'the base image' : `the image of ${by}`;
      return [problem(facts, region, `${by} ${reference}`, `${image} ${shown(reference)} ${what}`)];
    });
    return verdict(problems);
  },
} satisfies DockerfileCheck;
