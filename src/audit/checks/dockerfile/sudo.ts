// SPDX-License-Identifier: Apache-2.0

import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { commandAt, replaceAt, runsAsRoot, span } from './shared/edits.ts';
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
  fix: {
    does: 'Removes `sudo` where the step is known to run as root: after USER root, or on an official image that is root.',
    edits(facts, { location: { region } }, text) {
      const found = commandAt(facts, region);
      if (found === undefined || !runsAsRoot(facts, found.instruction)) return [];
      const { start } = span(text, found.command.region);
      // With options it does more than to become root.
      const sudo = /^sudo[ \t]+(?=[^-\s\\`])/.exec(text.slice(start, start + 100))?.[0];
      return sudo === undefined ? [] : [replaceAt(start, start + sudo.length, '')];
    },
  },
} satisfies DockerfileCheck;
