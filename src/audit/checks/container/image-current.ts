// SPDX-License-Identifier: Apache-2.0
import { quoted, unknown } from '../../verdicts.ts';
import { about, type ContainerCheck } from './shared/judge.ts';
import { DOCKER, managed } from './shared/managed.ts';

export default {
  id: 'SEC-CONTAINER-0039',
  title: 'It runs the image that its name means now',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.28', 'NIST-800-190:4.1.1'],
  rationale: 'After a pull or a build a container goes on with the old image and its flaws until it is made again.',
  remediation:
    "Make the container again: 'docker rm --force NAME', then 'docker run' as before; compose and swarm do it with 'up' and 'service update'.",
  references: ['https://docs.docker.com/reference/cli/docker/image/pull/'],
  examples: [
    { good: DOCKER, bad: { ...DOCKER, managed: { ...DOCKER.managed, imageNow: `sha256:${'0'.repeat(64)}` } } },
  ],
  check: (facts) =>
    managed(facts, 'its plan has the digest that it was made from', ({ imageNow }) => {
      const image = facts.plan?.image;
      if (image == null || imageNow === null)
        return unknown('no image of its engine has the name that it was made from');
      return image.digest === imageNow
        ? []
        : [about(facts, 'image', `${quoted(image.reference)} is another image by now than the one that it runs`)];
    }),
} satisfies ContainerCheck;
