// SPDX-License-Identifier: Apache-2.0
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { commandProblems, commandText } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0010',
  title: 'The build does not use sudo',
  severity: 'low',
  target: 'dockerfile',
  frameworks: [],
  rationale:
    'RUN is root already, or the user that USER names: sudo adds a set-user-ID program and a rule that outlives the build.',
  remediation: 'Put USER root before what needs it and the unprivileged user behind it.',
  references: [`${BEST_PRACTICES}#user`],
  examples: [
    {
      good: 'FROM debian:12\nRUN echo sudo && useradd app\nUSER 1\n',
      bad: 'FROM debian:12\nRUN sudo useradd app\nUSER 1\n',
    },
  ],
  check(facts) {
    return commandProblems(facts, (command) =>
      command.wrappers.includes('sudo') || command.name === 'sudo'
        ? `${commandText(command)} is run with sudo`
        : undefined,
    );
  },
} satisfies DockerfileCheck;
