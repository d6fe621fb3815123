// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts, Instruction } from '../../facts/dockerfile.ts';
import { credentialIn, secretIn } from '../../secrets.ts';
import type { Problem } from '../../types.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { allInstructions, problem, shown, verdict } from './shared/problems.ts';
import { commandSecret } from './shared/secret-words.ts';

function inSettings(facts: DockerfileFacts, { keyword, settings }: Instruction): Problem[] {
  return settings.flatMap(({ name, value, region }) => {
    // ARG without a default is given on the command line, and stays in the history all the same; a variable has another's value.
    const why = value === undefined && keyword !== 'ARG' ? undefined : secretIn(name, value);
    return why === undefined ? [] : [problem(facts, region, `${keyword} ${name}`, `${keyword} ${shown(name)}: ${why}`)];
  });
}

function inCommands(facts: DockerfileFacts, { keyword, commands }: Instruction): Problem[] {
  return commands.flatMap((command) => {
    const found = commandSecret(command);
    if (found === undefined) return [];
    const text = `${keyword} runs ${shown(command.name || found.what)}: ${found.why}`;
    return [problem(facts, command.region, `${keyword} ${command.name} ${found.what}`, text)];
  });
}

function inHeredocs(facts: DockerfileFacts, { keyword, heredocs, region }: Instruction): Problem[] {
  return heredocs.flatMap(({ name, content }) => {
    const form = credentialIn(content);
    return form === undefined
      ? []
      : [
          problem(
            facts,
            region,
            `${keyword} <<${name}`,
            `the here-document ${shown(name)} of ${keyword} contains ${form}`,
          ),
        ];
  });
}

export default {
  id: 'SEC-DOCKERFILE-0004',
  title: 'No secret stands in the file',
  severity: 'critical',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'ENV, LABEL, ARG and the text of every RUN are in the image, readable by everybody who may pull it; removing them in a later layer changes nothing.',
  remediation:
    'Give secrets at build time with RUN --mount=type=secret,id=NAME and at run time from outside, and replace the one that stood here: it is known.',
  references: ['https://docs.docker.com/build/building/secrets/', 'https://cwe.mitre.org/data/definitions/798.html'],
  examples: [
    {
      good: 'FROM debian:12\nENV DB_PASSWORD_FILE=/run/secrets/db\nUSER 1\n',
      bad: 'FROM debian:12\nENV DB_PASSWORD=hunter2\nUSER 1\n',
    },
    { good: 'FROM debian:12\nARG NPM_VERSION\nUSER 1\n', bad: 'FROM debian:12\nARG NPM_TOKEN\nUSER 1\n' },
    {
      good: 'FROM debian:12\nLABEL key="PUBLIC_KEY=a"\nUSER 1\n',
      bad: 'FROM debian:12\nLABEL key="AKIAIOSFODNN7EXAMPLE"\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN curl -u "$USER" https://example.com/x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN curl -u bot:s3cr3tw0rd https://example.com/x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN git clone https://example.com/x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN git clone https://bot:s3cr3tw0rd@example.com/x\nUSER 1\n',
    },
  ],
  check(facts) {
    const problems = allInstructions(facts).flatMap((instruction) => [
      ...inSettings(facts, instruction),
      ...inCommands(facts, instruction),
      ...inHeredocs(facts, instruction),
    ]);
    return verdict(problems);
  },
} satisfies DockerfileCheck;
