// SPDX-License-Identifier: Apache-2.0

import { option } from '../../../runtime/images/dockerfile/fetch.ts';
import type { Command } from '../../facts/dockerfile.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { allInstructions, builds, commandText, problem, verdict } from './shared/problems.ts';

/** A program gets another id; the group of a directory is only inherited by what is made in it. */
interface Kind {
  readonly directory: boolean;
  readonly program: boolean;
}
const SET_ID = 'makes a program that runs as somebody else';
const OPEN = 'lets everybody write';

/** What a mode gives too much of. */
function widened(mode: string, { directory, program }: Kind): string | undefined {
  if (/^[0-7]{3,5}$/.test(mode)) {
    const bits = Number.parseInt(mode, 8);
    if (!directory && ((bits & 0o4000) !== 0 || (program && (bits & 0o2000) !== 0))) return SET_ID;
    // With the sticky bit everybody may add and only the owner remove, as in /tmp.
    return (bits & 0o002) !== 0 && (bits & 0o1000) === 0 ? OPEN : undefined;
  }
  const clauses = mode.split(',');
  if (
    !directory &&
    clauses.some((clause) => (program ? /^[ugoa]*[+=][rwxXt]*s/ : /^[goa]*u[ugoa]*[+=][rwxXt]*s/).test(clause))
  )
    return SET_ID;
  // Without letters before it the mask of the process holds, which keeps others out.
  const open = clauses.some((clause) => /^[ug]*[ao][ugoa]*[+=][rxXst]*w/.test(clause));
  return open && !clauses.some((clause) => /[+=][rwxXs]*t/.test(clause)) ? OPEN : undefined;
}

function why(command: Command): string | undefined {
  const { name, args } = command;
  const program = args.some(({ value }) => /(?:^|\/)s?bin\//.test(value));
  if (name === 'chmod') {
    const mode = args.find(({ value }) => !/^-(?:[Rcfv]+|-[a-z-]+)$/.test(value));
    return mode === undefined ? undefined : widened(mode.value, { directory: false, program });
  }
  if (name !== 'install' && name !== 'mkdir') return undefined;
  const mode = option(command, 'm', ['mode']);
  const directory = name === 'mkdir' || option(command, 'd', ['directory']) !== undefined;
  return mode === undefined ? undefined : widened(mode, { directory, program: !directory });
}

export default {
  id: 'SEC-DOCKERFILE-0011',
  title: 'Nothing is made writable for everybody or set-user-ID',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.8'],
  rationale:
    'A file that everybody writes and somebody else runs, or one that runs as root whoever starts it, is how a small break-in becomes a large one.',
  remediation: 'Give the owner what is needed: chown app FILE && chmod 750 FILE, or COPY --chown=app --chmod=750.',
  references: ['https://cwe.mitre.org/data/definitions/732.html'],
  examples: [
    { good: 'FROM debian:12\nRUN chmod -R 755 /app\nUSER 1\n', bad: 'FROM debian:12\nRUN chmod -R 777 /app\nUSER 1\n' },
    { good: 'FROM debian:12\nRUN chmod 1777 /x\nUSER 1\n', bad: 'FROM debian:12\nRUN chmod 777 /x\nUSER 1\n' },
    { good: 'FROM debian:12\nRUN chmod u-s /bin/su\nUSER 1\n', bad: 'FROM debian:12\nRUN chmod u+s /bin/su\nUSER 1\n' },
    { good: 'FROM debian:12\nRUN chmod g+w /app\nUSER 1\n', bad: 'FROM debian:12\nRUN chmod a+w /app\nUSER 1\n' },
    { good: 'FROM debian:12\nCOPY --chmod=755 a /a\nUSER 1\n', bad: 'FROM debian:12\nCOPY --chmod=777 a /a\nUSER 1\n' },
    {
      good: 'FROM debian:12\nRUN install -m 0755 a /a\nUSER 1\n',
      bad: 'FROM debian:12\nRUN install -m 4755 a /a\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN install -d -m 3777 /a\nUSER 1\n',
      bad: 'FROM debian:12\nRUN install -d -m 2777 /a\nUSER 1\n',
    },
    { good: 'FROM debian:12\nRUN chmod g+s /srv\nUSER 1\n', bad: 'FROM debian:12\nRUN chmod g+s /bin/a\nUSER 1\n' },
  ],
  check(facts) {
    const copied = allInstructions(facts).flatMap(({ keyword, flags }) =>
      flags.flatMap(({ name, value, region }) => {
        const reason = name === 'chmod' ? widened(value, { directory: false, program: true }) : undefined;
        return reason === undefined
          ? []
          : [problem(facts, region, `${keyword} --chmod=${value}`, `${keyword} --chmod=${value} ${reason}`)];
      }),
    );
    const changed = builds(facts).flatMap(({ command }) => {
      const reason = why(command);
      return reason === undefined
        ? []
        : [problem(facts, command.region, commandText(command), `${commandText(command)} ${reason}`)];
    });
    return verdict([...copied, ...changed]);
  },
} satisfies DockerfileCheck;
