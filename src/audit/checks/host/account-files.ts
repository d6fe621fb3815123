// SPDX-License-Identifier: Apache-2.0
import { ACCOUNT_FILES } from '../../facts/host/files.ts';
import { files, onlyRootWrites, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0022',
  title: 'Only root changes accounts and their ranges of ids',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:6.1.2', 'CIS-DIL-2.0:6.1.4', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'Who writes /etc/passwd or /etc/group is root; who writes /etc/subuid maps any user of the host into his container.',
  remediation:
    "Run 'chown root:root /etc/passwd /etc/group /etc/subuid /etc/subgid && chmod 644 /etc/passwd /etc/group /etc/subuid /etc/subgid'.",
  references: ['https://man7.org/linux/man-pages/man5/subuid.5.html'],
  examples: [
    { good: { files: { '/etc/passwd': { mode: 0o644 } } }, bad: { files: { '/etc/passwd': { mode: 0o666 } } } },
    { good: { files: { '/etc/subuid': { uid: 0 } } }, bad: { files: { '/etc/subuid': { uid: 1000 } } } },
  ],
  check: (facts) => files(facts, ACCOUNT_FILES, 'there are no accounts', writableByOthers),
  fix: onlyRootWrites,
} satisfies HostCheck;
