// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { problem, verdict } from './shared/problems.ts';

const pragma = (rest: string): string => `# secure ignore=SEC-DOCKERFILE-0003 ${rest}\nFROM debian\nUSER 1\n`;

export default {
  id: 'SEC-DOCKERFILE-0021',
  title: 'What is ignored has a reason and an end',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: [],
  rationale:
    'A comment that ignores a problem for ever is forgotten; one that is written wrongly, or has expired, ignores nothing, and whoever wrote it believes that it does.',
  remediation:
    'Write it as `# secure ignore=ID reason="why" until=YYYY-MM-DD` above the instruction, or above the first one for the whole file; remove one that is not needed any more.',
  references: [`${REFERENCE}#format`],
  examples: [
    {
      good: pragma('reason="rebuilt each night" until=9999-12-31'),
      bad: pragma('reason="rebuilt each night" until=2024-12-31'),
    },
    {
      good: pragma('reason="rebuilt each night" until=9999-12-31'),
      bad: pragma('reason="rebuilt each night" until=never'),
    },
    { good: pragma('reason="rebuilt each night" until=9999-12-31'), bad: pragma('reason="" until=9999-12-31') },
  ],
  check: (facts) =>
    verdict(
      facts.ignores.flatMap(({ wrong, region, ids }) =>
        wrong === undefined
          ? []
          : [problem(facts, region, `ignore ${ids.join()}`, `this comment ignores nothing: ${wrong}`)],
      ),
    ),
} satisfies DockerfileCheck;
