// SPDX-License-Identifier: Apache-2.0
import { PASSWORD_FILES } from '../../facts/host/files.ts';
import { accessFix, files, octal, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0023',
  title: 'Only root reads the hashes of passwords',
  severity: 'critical',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:6.1.3',
    'CIS-DIL-2.0:6.1.5',
    'CIS-DIL-2.0:6.1.7',
    'CIS-DIL-2.0:6.1.9',
    'CIS-Docker-1.6:1.2.1',
    'NIST-800-190:4.5.4',
  ],
  rationale: 'Hashes that anybody reads are guessed elsewhere, without a limit of attempts.',
  remediation:
    "Run 'chown root:shadow /etc/shadow /etc/gshadow && chmod 640 /etc/shadow /etc/gshadow' (on Fedora and RHEL root:root and 000).",
  references: ['https://man7.org/linux/man-pages/man5/shadow.5.html'],
  examples: [
    { good: { files: { '/etc/shadow': { mode: 0o640 } } }, bad: { files: { '/etc/shadow': { mode: 0o644 } } } },
  ],
  check: (facts) =>
    files(
      facts,
      PASSWORD_FILES,
      'there are no password files',
      (file) =>
        writableByOthers(file)[0]?.what ??
        ((file.mode & 0o004) === 0 ? null : `has mode ${octal(file.mode)}: everybody can read it`),
    ),
  fix: accessFix(
    'Gives the file to root, and takes the right to read from others and that to write from everybody but root.',
    ({ gid }) => ({ uid: 0, without: gid === 0 ? 0o006 : 0o026 }),
  ),
} satisfies HostCheck;
