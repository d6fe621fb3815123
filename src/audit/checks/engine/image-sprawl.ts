// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

const image = (digit: string) => ({ id: `sha256:${digit.repeat(64)}`, tags: [] });
const USED = { id: `${'c'.repeat(64)}`, name: 'web', running: true, image: `sha256:${'1'.repeat(64)}` };

export default {
  id: 'SEC-ENGINE-0016',
  title: 'At least half of its images are in use',
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:6.1', 'NIST-800-190:4.2.2'],
  rationale:
    'Images that nobody uses are not updated, and are started some day by a name that somebody remembers, with every flaw that was found since.',
  remediation: "Run 'docker image prune --all' after a look at 'docker image ls'; let it happen each week.",
  references: ['https://docs.docker.com/engine/manage-resources/pruning/'],
  examples: [
    {
      good: { containers: [USED], images: [image('1'), image('2')] },
      bad: { containers: [USED], images: [image('1'), image('2'), image('3')] },
    },
  ],
  check: (facts) =>
    known(facts, 'images', (images) =>
      known(facts, 'containers', (containers) => {
        const used = new Set(containers.map((one) => one.image));
        const idle = images.filter(({ id }) => !used.has(id));
        return idle.length * 2 > images.length
          ? [ofEngine(facts, 'images', `${idle.length} of ${images.length} images are used by no container`)]
          : [];
      }),
    ),
} satisfies EngineCheck;
