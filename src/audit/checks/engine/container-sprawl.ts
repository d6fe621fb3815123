// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

const MOST = 25;
const stopped = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: String(i).padStart(64, '0'),
    name: `old${i}`,
    running: false,
    image: '',
  }));

export default {
  id: 'SEC-ENGINE-0017',
  title: 'It keeps few containers that do not run',
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:6.2', 'NIST-800-190:4.2.2'],
  rationale:
    'What is left of containers that ended holds what they wrote, secrets included, and is started again by whoever restarts everything.',
  remediation: "Run 'docker container prune' after a look at 'docker ps --all'; start short jobs with '--rm'.",
  references: ['https://docs.docker.com/engine/manage-resources/pruning/'],
  examples: [{ good: { containers: stopped(MOST) }, bad: { containers: stopped(MOST + 1) } }],
  check: (facts) =>
    known(facts, 'containers', (containers) => {
      const idle = containers.filter(({ running }) => !running).length;
      return idle > MOST
        ? [ofEngine(facts, 'containers', `${idle} of ${containers.length} containers do not run`)]
        : [];
    }),
} satisfies EngineCheck;
