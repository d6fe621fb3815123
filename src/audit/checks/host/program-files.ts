// SPDX-License-Identifier: Apache-2.0
import { PASS, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation, files, onlyRootWrites, writableByOthers } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const OWN = '/usr/local/bin/backup';
const loose = (mode: number) => ({
  programs: { loose: [OWN] },
  files: { [OWN]: { type: 'file' as const, mode, uid: 0, gid: 0 } },
});

export default {
  id: 'SEC-HOST-0131',
  title: 'Only root changes programs, and root starts none of where it happens to be',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:6.1.10', 'CIS-DIL-2.0:6.2.6', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'Root starts what is there, by name, every day: who can write a program, its directory, or a directory that the path of root looks in, waits until it happens.',
  remediation:
    "Run 'chown root:root PATH && chmod go-w PATH' for each that is named, compare it with its package ('dpkg -V', 'rpm -V'), and remove empty and relative entries from PATH in the file that is named.",
  references: ['https://man7.org/linux/man-pages/man7/environ.7.html'],
  examples: [
    { good: loose(0o755), bad: loose(0o757) },
    { good: { programs: { relative: [] } }, bad: { programs: { relative: [{ file: '/root/.profile', entry: '.' }] } } },
  ],
  check(facts) {
    if (facts.programs === undefined) return NOT_COLLECTED;
    const { loose: paths, relative } = facts.programs;
    const unread = facts.programs.problem ?? facts.programs.pathProblem;
    const entries = relative.map(({ file, entry }) =>
      problem(
        `${file} PATH`,
        `${file} has root look for programs in ${quoted(entry)}, wherever it is`,
        fileLocation(file),
      ),
    );
    const programs = paths.length === 0 ? PASS : files(facts, paths, 'there are no programs', writableByOthers);
    if (programs.status === 'fail') return { ...programs, problems: [...programs.problems, ...entries] };
    if (entries.length > 0) return verdict(entries);
    return unread === null ? programs : unknown(`not all of it can be looked at: ${unread}`);
  },
  fix: onlyRootWrites,
} satisfies HostCheck;
