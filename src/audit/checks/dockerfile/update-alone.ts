// SPDX-License-Identifier: Apache-2.0
import { type Command, SHELLS } from '../../facts/dockerfile.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { action } from './shared/packages.ts';
import { allInstructions, commandText, problem, verdict } from './shared/problems.ts';

const UPDATES = new Set(['update', 'refresh', 'ref']);
const QUIET = new Set(['', 'set', 'echo', 'rm', 'true', 'export', 'sed', 'cd', 'printf', 'dpkg']);

/** `sh -c TEXT`: what is in the text stands in the list, too. */
const isWalked = ({ name, args }: Command): boolean =>
  SHELLS.has(name) && args.some(({ value }) => /^-\w*c$/.test(value));

export default {
  id: 'SEC-DOCKERFILE-0012',
  title: 'Package lists are fetched where packages are installed',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.7'],
  rationale:
    'The layer of a lone update is kept: later builds install from lists of months ago, and so the versions of months ago, with their flaws.',
  remediation:
    'Join them: RUN apt-get update && apt-get install -y --no-install-recommends PACKAGE && rm -rf /var/lib/apt/lists/*.',
  references: [`${BEST_PRACTICES}#apt-get`],
  examples: [
    {
      good: 'FROM debian:12\nRUN apt-get update && apt-get install -y x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN apt-get update\nUSER 1\n',
    },
    { good: 'FROM debian:12\nRUN apk update && apk add x\nUSER 1\n', bad: 'FROM debian:12\nRUN apk update\nUSER 1\n' },
  ],
  check(facts) {
    const problems = allInstructions(facts)
      .filter(({ keyword }) => keyword === 'RUN')
      .flatMap(({ commands }) => {
        const managed = commands.flatMap((command) => {
          const done = action(command);
          return done === undefined ? [] : [{ command, done }];
        });
        // dnf and yum update packages, not lists. What a script does cannot be seen.
        const [update] = managed.filter(
          ({ command, done }) => UPDATES.has(done) && !/^(?:.*dnf|yum)$/.test(command.name),
        );
        const quiet = commands.every(
          (command) => action(command) !== undefined || QUIET.has(command.name) || isWalked(command),
        );
        if (update === undefined || !quiet || managed.some(({ done }) => !UPDATES.has(done))) return [];
        const text = commandText(update.command);
        return [problem(facts, update.command.region, text, `${text} stands in an instruction that installs nothing`)];
      });
    return verdict(problems);
  },
} satisfies DockerfileCheck;
