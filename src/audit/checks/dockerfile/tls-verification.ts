// SPDX-License-Identifier: Apache-2.0

import type { Argument } from '../../facts/dockerfile.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { commandAt, replaceAt, span, withoutWord } from './shared/edits.ts';
import { tlsOff, tlsVariableOff } from './shared/insecure.ts';
import { allInstructions, builds, commandText, problem, verdict } from './shared/problems.ts';

const exported = (command: string, args: readonly Argument[]) =>
  command !== 'export'
    ? []
    : args.map(({ value }) => ({ name: value.split('=')[0] ?? '', value: value.slice(value.indexOf('=') + 1) }));

export default {
  id: 'SEC-DOCKERFILE-0008',
  title: 'Certificates of servers are checked',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.11'],
  rationale:
    'Without the check anybody on the way, a proxy or a false answer of the name server included, decides what is installed.',
  remediation:
    'Remove the switch; when a private authority signed the certificate, add it: COPY ca.crt /usr/local/share/ca-certificates/ and RUN update-ca-certificates.',
  references: ['https://cwe.mitre.org/data/definitions/295.html'],
  examples: [
    {
      good: 'FROM debian:12\nRUN curl -fsSLo k https://example.com/x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN curl -fskSLo k https://example.com/x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN wget https://example.com/x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN wget --no-check-certificate https://example.com/x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN pip install x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN pip install --trusted-host example.com x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN npm config set strict-ssl true\nUSER 1\n',
      bad: 'FROM debian:12\nRUN npm config set strict-ssl false\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN git config --global http.sslVerify true\nUSER 1\n',
      bad: 'FROM debian:12\nRUN git config --global http.sslVerify false\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nENV NODE_TLS_REJECT_UNAUTHORIZED=1\nUSER 1\n',
      bad: 'FROM debian:12\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\nUSER 1\n',
    },
  ],
  check(facts) {
    const variables = allInstructions(facts).flatMap(({ keyword, settings, commands }) => [
      ...settings
        .filter(({ name, value }) => keyword !== 'LABEL' && tlsVariableOff(name, value))
        .map(({ name, region }) =>
          problem(facts, region, `${keyword} ${name}`, `${keyword} ${name} switches the check of certificates off`),
        ),
      ...commands.flatMap(({ name, args, assignments, region }) =>
        [...assignments, ...exported(name, args)]
          .filter((one) => tlsVariableOff(one.name, one.value))
          .map((one) => problem(facts, region, one.name, `${one.name} switches the check of certificates off`)),
      ),
    ]);
    const commands = builds(facts).flatMap(({ command }) => {
      const part = tlsOff(command);
      return part === undefined
        ? []
        : [
            problem(
              facts,
              command.region,
              commandText(command),
              `${command.name} does not check certificates: ${part}`,
            ),
          ];
    });
    return verdict([...variables, ...commands]);
  },
  fix: {
    does: 'Removes the switch from curl and wget.',
    risk: 'the build fails where the certificate is of a private authority, which has to be added to the image',
    edits(facts, { location: { region } }, text) {
      const { command } = commandAt(facts, region) ?? {};
      if (command === undefined || tlsOff(command) === undefined) return [];
      const switches = /^(?:-k|--insecure|--proxy-insecure|--no-check-certificate)$/;
      if (command.name !== 'curl' && command.name !== 'wget') return [];
      return command.args.flatMap(({ value, region: place }) => {
        if (switches.test(value)) return [withoutWord(text, place)];
        // Letters that take no value stand before those that do.
        const cluster = /^(-[#0-9afgGijJlLMnNOpRsSv]*)k[#0-9afgGijJklLMnNOpRsSvoHdXAebcuTmFxrwyYEzKPQCDhtU]*$/.exec(
          value,
        );
        if (command.name !== 'curl' || cluster === null) return [];
        const { start } = span(text, place);
        const at = start + (cluster[1] ?? '').length;
        return text[at] === 'k' ? [replaceAt(at, at + 1, '')] : [];
      });
    },
  },
} satisfies DockerfileCheck;
