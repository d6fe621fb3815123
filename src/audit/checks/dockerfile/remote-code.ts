// SPDX-License-Identifier: Apache-2.0

import { fetchedFiles } from '../../../runtime/images/dockerfile/fetch.ts';
import { type Command, type DockerfileFacts, type Instruction, SHELLS } from '../../facts/dockerfile.ts';
import type { Problem } from '../../types.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { allInstructions, commandText, problem, shown, verdict } from './shared/problems.ts';

const VERIFIERS =
  /^(?:(?:sha\d*|md5|b2|shasum|cksum)(?:sum)?|gpgv?2?|cosign|minisign|signify|openssl|rhash|apksigner|slsa-verifier)$/;

function piped(facts: DockerfileFacts, { commands }: Instruction): Problem[] {
  return commands.flatMap((command) => {
    const from = command.runsOutputOf;
    if (from === undefined) return [];
    const text = `what ${commandText(from)} fetches is run by ${shown(command.name || 'the shell')}`;
    return [problem(facts, command.region, `${commandText(from)} | ${command.name}`, text)];
  });
}

const plainPath = (path: string) => path.replace(/^\.\//, '');

/** The file that a command runs as a program. */
function runs({ name, program, args }: Command): string | undefined {
  if (SHELLS.has(name) || /^(?:\.|source|python[\d.]*|perl|ruby|node|php)$/.test(name))
    return args.find(({ value }) => !value.startsWith('-'))?.value;
  return program.includes('/') ? program : undefined;
}

/** Fetched to a file and run in the same instruction, with nothing in it that compares anything. */
function downloaded(facts: DockerfileFacts, { commands }: Instruction): Problem[] {
  if (commands.some(({ name }) => VERIFIERS.test(name))) return [];
  const fetched = new Map<string, Command>();
  return commands.flatMap((command) => {
    for (const file of fetchedFiles(command)) fetched.set(plainPath(file), command);
    const file = plainPath(runs(command) ?? '');
    const from = fetched.get(file);
    if (file === '' || from === undefined || from === command) return [];
    const text = `${commandText(command)} runs what ${commandText(from)} fetched, and nothing compares it`;
    return [problem(facts, command.region, `${commandText(from)} ; ${commandText(command)}`, text)];
  });
}

export default {
  id: 'SEC-DOCKERFILE-0007',
  title: 'Nothing from the network is run unseen',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.11', 'NIST-800-190:4.1.5'],
  rationale:
    'Whoever controls the server, the name or the way there runs commands in the build, today or on the day the address is sold; a download that breaks off runs half a script.',
  remediation:
    'Fetch a file of a fixed version, compare it (echo "DIGEST  FILE" | sha256sum -c -), then run it; better, install a signed package.',
  references: ['https://cwe.mitre.org/data/definitions/494.html', `${BEST_PRACTICES}#using-pipes`],
  examples: [
    {
      good: 'FROM debian:12\nRUN curl -fsSL https://example.com/i.sh | sha256sum\nUSER 1\n',
      bad: 'FROM debian:12\nRUN curl -fsSL https://example.com/i.sh | bash -s -- -y\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN bash <(cat i.sh)\nUSER 1\n',
      bad: 'FROM debian:12\nRUN bash <(curl https://example.com/i.sh)\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN wget https://example.com/i.sh && echo "abc  i.sh" | sha256sum -c && sh i.sh\nUSER 1\n',
      bad: 'FROM debian:12\nRUN wget https://example.com/i.sh && sh i.sh\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN echo "curl https://example.com/i.sh | sh"\nUSER 1\n',
      bad: 'FROM debian:12\nRUN sh -c "curl https://example.com/i.sh | sh"\nUSER 1\n',
    },
  ],
  check(facts) {
    const problems = allInstructions(facts)
      .filter(({ keyword }) => keyword === 'RUN')
      .flatMap((instruction) => [...piped(facts, instruction), ...downloaded(facts, instruction)]);
    return verdict(problems);
  },
} satisfies DockerfileCheck;
