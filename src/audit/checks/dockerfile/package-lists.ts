// SPDX-License-Identifier: Apache-2.0

import type { Command, DockerfileFacts, Instruction } from '../../facts/dockerfile.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { appended, commandAt, replaceAt, span } from './shared/edits.ts';
import { action, mounts } from './shared/packages.ts';
import { allInstructions, commandText, finalInstructions, problem, verdict } from './shared/problems.ts';

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

const APT = /^apt(?:-get|itude)?$/;
const runs = (run: Instruction, what: RegExp): boolean =>
  run.commands.some((command) => APT.test(command.name) && what.test(action(command) ?? ''));
const updates = (run: Instruction): boolean => runs(run, /^update$/);
const installs = (run: Instruction): boolean => runs(run, /^(?:install|upgrade|dist-upgrade|full-upgrade|build-dep)$/);
/** Steps that may live on the lists of this one. */
const otherInstalls = (facts: DockerfileFacts, own: Instruction): Instruction[] =>
  allInstructions(facts).filter((one) => one.keyword === 'RUN' && one !== own && installs(one));

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
  fix: {
    does: 'Adds `--no-cache` to apk, and `rm -rf /var/lib/apt/lists/*` or `clean all` to the end of the same RUN.',
    edits(facts, { location: { region } }, text) {
      const { instruction, command } = commandAt(facts, region) ?? {};
      if (instruction === undefined || command === undefined) return [];
      const done = action(command);
      const word = command.args.find(({ value }) => value === done);
      if (command.name === 'apk') {
        const at = word === undefined ? undefined : span(text, word.region).end;
        return at === undefined ? [] : [replaceAt(at, at, ' --no-cache')];
      }
      const sudo = command.wrappers.length === 1 && command.wrappers[0] === 'sudo';
      if (command.wrappers.length > 0 && !sudo) return [];
      const isApt = done === 'update';
      if (isApt && !(installs(instruction) && otherInstalls(facts, instruction).every(updates))) return [];
      const added = isApt ? 'rm -rf /var/lib/apt/lists/*' : `${command.name} clean all`;
      const edit = appended(facts, instruction, text, `${sudo ? 'sudo ' : ''}${added}`);
      return edit === undefined ? [] : [edit];
    },
  },
} satisfies DockerfileCheck;
