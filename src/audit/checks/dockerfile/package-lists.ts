// SPDX-License-Identifier: Apache-2.0

import type { Command, Instruction } from '../../facts/dockerfile.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { action, mounts } from './shared/packages.ts';
import { commandText, finalInstructions, problem, verdict } from './shared/problems.ts';

const removes = ({ commands }: Instruction, directory: string) =>
  commands.some(
    ({ name, args }) =>
      (name === 'rm' || name === 'find') &&
      args.some(({ value }) => {
        const path = value.replace(/\/+\*?$/, '').replace(/\/\*$/, '');
        return path.startsWith('/') && (directory === path || directory.startsWith(`${path}/`));
      }),
  );
const cleans = ({ commands }: Instruction, names: readonly string[]) =>
  commands.some((command) => names.includes(command.name) && action(command) === 'clean');

/** What a command leaves in the layer of its RUN. */
function leaves(run: Instruction, command: Command): string | undefined {
  const done = action(command);
  const left = (directory: string) => (removes(run, directory) || mounts(run, directory) ? undefined : directory);
  if (/^apt(?:-get|itude)?$/.test(command.name)) return done === 'update' ? left('/var/lib/apt/lists') : undefined;
  if (command.name === 'apk') {
    const cached = !command.args.some(({ value }) => value === '--no-cache' || value === '--no-network');
    return cached && (done === 'add' || done === 'update') ? left('/var/cache/apk') : undefined;
  }
  const rpm = ['dnf', 'yum', 'microdnf'];
  if (!rpm.includes(command.name) || done !== 'install') return undefined;
  return cleans(run, rpm) ? undefined : left(command.name === 'yum' ? '/var/cache/yum' : '/var/cache/dnf');
}

export default {
  id: 'SEC-DOCKERFILE-0015',
  title: 'Package lists do not stay in the image',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.3'],
  rationale:
    'Lists make the image larger, and out of date: what is installed later in it is what they say, with known flaws.',
  remediation:
    'End the same RUN with rm -rf /var/lib/apt/lists/*, use apk add --no-cache or dnf clean all, or mount a cache: RUN --mount=type=cache,target=/var/lib/apt/lists.',
  references: [`${BEST_PRACTICES}#apt-get`],
  examples: [
    {
      good: 'FROM debian:12\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\nUSER 1\n',
      bad: 'FROM debian:12\nRUN apt-get update && apt-get install -y x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\nUSER 1\n',
      bad: 'FROM debian:12\nRUN --mount=type=cache,target=/var/cache apt-get update\nUSER 1\n',
    },
    { good: 'FROM debian:12\nRUN apk add --no-cache x\nUSER 1\n', bad: 'FROM debian:12\nRUN apk add x\nUSER 1\n' },
  ],
  check(facts) {
    const problems = finalInstructions(facts)
      .filter(({ keyword }) => keyword === 'RUN')
      .flatMap((run) =>
        run.commands.flatMap((command) => {
          const left = leaves(run, command);
          return left === undefined
            ? []
            : [
                problem(
                  facts,
                  command.region,
                  commandText(command),
                  `${commandText(command)} leaves ${left} in the image`,
                ),
              ];
        }),
      );
    return verdict(problems);
  },
} satisfies DockerfileCheck;
