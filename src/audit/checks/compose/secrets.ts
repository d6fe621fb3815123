// SPDX-License-Identifier: Apache-2.0
import { secretIn } from '../../secrets.ts';
import { quoted } from '../../verdicts.ts';
import { type ComposeCheck, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0020',
  title: 'No secret stands in the file',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'A compose file is in repositories and in the logs of pipelines; what it sets in the environment is in `docker inspect`, and build arguments are in the history of the image.',
  remediation:
    'Use `secrets` (a file, or one of the engine), or take the value from the environment of who starts it: `DB_PASSWORD: ${DB_PASSWORD:?}`.',
  references: ['https://docs.docker.com/compose/how-tos/use-secrets/'],
  examples: [
    {
      good: service('environment:\n  DB_PASSWORD: ${DB_PASSWORD}'),
      bad: service('environment:\n  DB_PASSWORD: correct-horse'),
    },
    { good: service('environment:\n  KEY: none'), bad: service('environment:\n  KEY: AKIAIOSFODNN7EXAMPLE') },
    {
      good: service('build:\n  context: .\n  args:\n    API_KEY: ""'),
      bad: service('build:\n  context: .\n  args:\n    API_KEY: 9f8e7d6c5b4a'),
    },
  ],
  check: (facts) =>
    wrongs(
      facts,
      [
        ...Object.entries(facts.environment).map((one) => ['/environment', ...one] as const),
        ...Object.entries(facts.build.args).map((one) => ['/build/args', ...one] as const),
      ].flatMap(([at, name, value]) => {
        const why = value === '' ? undefined : secretIn(name, value);
        return why === undefined ? [] : [[`${at}/${name}`, `${quoted(name)} holds a secret: ${why}`] as const];
      }),
    ),
} satisfies ComposeCheck;
