// SPDX-License-Identifier: Apache-2.0
import { OPEN_DIRECTORIES } from '../../facts/host/files.ts';
import { files, octal } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const tmp = (mode: number) => ({ files: { '/tmp': { type: 'directory' as const, mode, uid: 0, gid: 0 } } });

export default {
  id: 'SEC-HOST-0108',
  title: 'In directories that everybody writes to everybody has his own files',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.1.21', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'Without the sticky bit anybody replaces the file of anybody else there: sockets, locks and scripts that programs of root make and open again.',
  remediation: "Run 'chown root:root DIRECTORY && chmod 1777 DIRECTORY' for each that is named.",
  references: ['https://man7.org/linux/man-pages/man1/chmod.1.html'],
  examples: [
    { good: tmp(0o1777), bad: tmp(0o777) },
    { good: tmp(0o755), bad: tmp(0o757) },
  ],
  check: (facts) =>
    files(facts, OPEN_DIRECTORIES, 'there are no such directories', ({ type, mode, uid }) => {
      if (type !== 'directory') return null;
      if (uid !== 0) return `belongs to user ${uid}`;
      return (mode & 0o002) === 0 || (mode & 0o1000) !== 0 ? null : `has mode ${octal(mode)}, without the sticky bit`;
    }),
} satisfies HostCheck;
