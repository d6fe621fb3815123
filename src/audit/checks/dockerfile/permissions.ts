// SPDX-License-Identifier: Apache-2.0

import { option } from '../../facts/dockerfile/fetch.ts';
import type { Command } from '../../facts/dockerfile.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { allInstructions, builds, commandText, problem, verdict } from './shared/problems.ts';

/** What a mode gives too much of. */
function widened(mode: string): string | undefined {
  if (/^[0-7]{3,5}$/.test(mode)) {
    const bits = Number.parseInt(mode, 8);
    if ((bits & 0o6000) !== 0) return 'makes a set-user-ID or set-group-ID file';
    // With the sticky bit everybody may add and only the owner remove, as in /tmp.
    return (bits & 0o002) !== 0 && (bits & 0o1000) === 0 ? 'lets everybody write' : undefined;
  }
  const clauses = mode.split(',');
  if (clauses.some((clause) => /^[ugoa]*[+=][rwxXt]*s/.test(clause))) return 'makes a set-user-ID or set-group-ID file';
  const open = clauses.some((clause) => /^(?:[ugo]*[ao][ugoa]*)[+=][rxXst]*w/.test(clause));
  return open && !clauses.some((clause) => /[+=][rwxXs]*t/.test(clause)) ? 'lets everybody write' : undefined;
}

function mode(command: Command): string[] {
  if (command.name === 'chmod') {
    const first = command.args.find(({ value }) => !/^-(?:[Rcfv]+|-[a-z-]+)$/.test(value));
    return first === undefined ? [] : [first.value];
  }
  const given = command.name === 'install' || command.name === 'mkdir' ? option(command, 'm', ['mode']) : undefined;
  return given === undefined ? [] : [given];
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
  ],
  check(facts) {
    const copied = allInstructions(facts).flatMap(({ keyword, flags }) =>
      flags.flatMap(({ name, value, region }) => {
        const why = name === 'chmod' ? widened(value) : undefined;
        return why === undefined
          ? []
          : [problem(facts, region, `${keyword} --chmod=${value}`, `${keyword} --chmod=${value} ${why}`)];
      }),
    );
    const changed = builds(facts).flatMap(({ command }) => {
      const why = mode(command)
        .map(widened)
        .find((found) => found !== undefined);
      return why === undefined
        ? []
        : [problem(facts, command.region, commandText(command), `${commandText(command)} ${why}`)];
    });
    return verdict([...copied, ...changed]);
  },
} satisfies DockerfileCheck;
