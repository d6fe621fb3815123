// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { allInstructions, commandText, problem, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0020',
  title: 'Builds stay confined',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: [],
  rationale:
    'RUN --security=insecure runs with every right of the builder, --network=host sees the services that listen on the host only.',
  remediation: 'Remove the flag; fetch what is needed in a step of its own.',
  references: [`${REFERENCE}#run---security`],
  examples: [
    {
      good: 'FROM debian:12\nRUN --security=sandbox make\nUSER 1\n',
      bad: 'FROM debian:12\nRUN --security=insecure make\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN --network=none make\nUSER 1\n',
      bad: 'FROM debian:12\nRUN --network=host make\nUSER 1\n',
    },
  ],
  check(facts) {
    const problems = allInstructions(facts)
      .filter(({ keyword }) => keyword === 'RUN')
      .flatMap(({ flags, commands }) =>
        flags
          .filter(
            ({ name, value }) =>
              (name === 'security' && value === 'insecure') || (name === 'network' && value === 'host'),
          )
          .map(({ name, value, region }) =>
            problem(
              facts,
              region,
              [`--${name}=${value}`, ...commands.slice(0, 1).map(commandText)].join(' '),
              `RUN --${name}=${value} leaves the confinement of the build`,
            ),
          ),
      );
    return verdict(problems);
  },
} satisfies DockerfileCheck;
