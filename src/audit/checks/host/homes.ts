// SPDX-License-Identifier: Apache-2.0
import { type Home, SECRET_FILES, TRUST_FILES } from '../../facts/host/homes.ts';
import type { FileFact } from '../../facts/host.ts';
import type { Problem } from '../../types.ts';
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation, octal } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const alice = (path: string, mode: number, uid = 1000) => ({
  homes: {
    homes: [
      {
        ...{ user: 'alice', uid: 1000, gid: 1000, path: '/home/alice', foreign: false },
        files: { [path]: { type: 'file' as const, mode, uid, gid: 1000 } },
      },
    ],
  },
});

/** A group of one's own is oneself; that of root is no other. */
const byGroup = ({ gid }: FileFact, home: Home): boolean => gid !== home.gid && gid !== 0;

function flaw(path: string, file: FileFact, home: Home): string | undefined {
  if (TRUST_FILES.includes(path)) return 'lets others in who prove nothing';
  if (file.uid !== home.uid && file.uid !== 0) return `belongs to user ${file.uid}`;
  const mode = `has mode ${octal(file.mode)}`;
  if ((file.mode & 0o002) !== 0) return `${mode}: everybody can change it`;
  if ((file.mode & 0o020) !== 0 && byGroup(file, home)) return `${mode}: group ${file.gid} can change it`;
  if (!SECRET_FILES.includes(path)) return undefined;
  if ((file.mode & 0o004) !== 0) return `${mode}: everybody can read it`;
  return (file.mode & 0o040) !== 0 && byGroup(file, home) ? `${mode}: group ${file.gid} can read it` : undefined;
}

function flaws(home: Home): Problem[] {
  if (home.foreign)
    return [
      problem(
        home.path,
        `${home.path}, the home of ${quoted(home.user)}, belongs to somebody else`,
        fileLocation(home.path),
      ),
    ];
  return Object.entries(home.files).flatMap(([path, file]) => {
    const what = flaw(path, file, home);
    const whole = path === '' ? home.path : `${home.path}/${path}`;
    return what === undefined
      ? []
      : [problem(whole, `${quoted(whole)} of ${quoted(home.user)} ${what}`, fileLocation(whole))];
  });
}

export default {
  id: 'SEC-HOST-0134',
  title: 'What a login believes, and passwords that programs keep, are of the user alone',
  severity: 'high',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:6.2.8', 'CIS-DIL-2.0:6.2.9', 'CIS-DIL-2.0:6.2.10', 'CIS-DIL-2.0:6.2.13', 'CIS-DIL-2.0:6.2.14'],
    ...['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  ],
  rationale:
    'A key that somebody adds to authorized_keys, or a line in .bashrc, makes him that user, and root where the user may sudo or is in the group docker. In .docker/config.json and auth.json are passwords of registries, from which every machine takes its images.',
  remediation:
    "Run 'chmod go-w PATH', and 'chmod 600 PATH' for keys and passwords, for each that is named; remove .rhosts and .shosts; have docker keep passwords by a helper ('credsStore').",
  references: [
    'https://man.openbsd.org/sshd#FILES',
    'https://docs.docker.com/reference/cli/docker/login/#credential-stores',
  ],
  examples: [
    { good: alice('', 0o755), bad: alice('', 0o757) },
    { good: alice('.ssh/authorized_keys', 0o644), bad: alice('.ssh/authorized_keys', 0o644, 1001) },
    { good: alice('.docker/config.json', 0o600), bad: alice('.docker/config.json', 0o644) },
    { good: alice('.pgpass', 0o600), bad: alice('.pgpass', 0o604) },
  ],
  check({ homes: facts }) {
    if (facts === undefined) return NOT_COLLECTED;
    const problems = facts.homes.flatMap(flaws);
    if (problems.length === 0 && facts.problem !== null)
      return unknown(`not all homes can be looked at: ${facts.problem}`);
    return verdict(problems);
  },
} satisfies HostCheck;
