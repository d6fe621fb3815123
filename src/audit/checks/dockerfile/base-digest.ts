// SPDX-License-Identifier: Apache-2.0
import { hasDigest } from '../../references.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { usedImages } from './shared/images.ts';
import { problem, shown, verdict } from './shared/problems.ts';

const DIGEST = 'sha256:abababababababababababababababababababababababababababababababab';

export default {
  id: 'SEC-DOCKERFILE-0022',
  title: 'Images that are built on are named by their digest',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.2', 'NIST-800-190:4.1.5'],
  rationale:
    'Whoever can push to a repository can move its tags: what was reviewed and what is built are the same only where the digest stands in the file.',
  remediation: 'Append the digest and keep the tag for people: FROM debian:12.11@sha256:..., and let a bot raise both.',
  references: [`${BEST_PRACTICES}#pin-base-image-versions`],
  examples: [
    { good: `FROM debian:12@${DIGEST}\nUSER 1\n`, bad: 'FROM debian:12\nUSER 1\n' },
    {
      good: `FROM scratch AS a\nFROM a\nCOPY --from=a /bin/busybox /\nUSER 1\n`,
      bad: 'FROM scratch AS a\nFROM a\nCOPY --from=busybox:1.37 /bin/busybox /\nUSER 1\n',
    },
    {
      good: `FROM scratch\nRUN --mount=type=bind,from=alpine@${DIGEST},target=/t true\nUSER 1\n`,
      bad: 'FROM scratch\nRUN --mount=type=bind,from=alpine:3,target=/t true\nUSER 1\n',
    },
  ],
  check(facts) {
    const used = usedImages(facts);
    const problems = used.flatMap(({ reference, by, region }) =>
      reference === undefined || hasDigest(reference)
        ? []
        : [problem(facts, region, `${by} ${reference}`, `${by}: ${shown(reference)} has no digest`)],
    );
    const open = used.find(({ reference }) => reference === undefined);
    if (problems.length === 0 && open !== undefined)
      return {
        status: 'unknown',
        why: `which image ${open.by} ${shown(open.written)} is is known only when it is built`,
      };
    return verdict(problems);
  },
} satisfies DockerfileCheck;
