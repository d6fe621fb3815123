// SPDX-License-Identifier: Apache-2.0
import { SYSTEM_FILES } from '../../facts/host/files.ts';
import { files, onlyRootWrites, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const PROFILE = '/etc/profile';
const file = (mode: number, uid = 0) => ({ files: { [PROFILE]: { type: 'file' as const, mode, uid, gid: 0 } } });

export default {
  id: 'SEC-HOST-0114',
  title: 'Only root changes what every program and every login believes',
  severity: 'high',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:1.7.1.4', 'CIS-DIL-2.0:1.7.1.5', 'CIS-DIL-2.0:1.7.1.6', 'CIS-DIL-2.0:3.3.4', 'CIS-DIL-2.0:3.3.5'],
    ...['CIS-DIL-2.0:6.1.6', 'CIS-DIL-2.0:6.1.8', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  ],
  rationale:
    'A line in one of these is a command of root, a library in every program, a name that leads elsewhere, or a lock that is off after the next start.',
  remediation:
    "Run 'chown root:root PATH && chmod go-w PATH' for each that is named, and find out who wrote it ('ls -l --time-style=full-iso PATH').",
  references: ['https://man7.org/linux/man-pages/man7/hier.7.html'],
  examples: [
    { good: file(0o644), bad: file(0o666) },
    { good: file(0o644), bad: file(0o644, 1000) },
  ],
  check: (facts) =>
    files(facts, SYSTEM_FILES, 'there are no such files', (one, path) =>
      // systemd-resolved has its file in /run, under a user of its own.
      path === '/etc/resolv.conf' && one.uid !== 0 && one.uid < 1000
        ? writableByOthers({ ...one, uid: 0 })
        : writableByOthers(one),
    ),
  fix: onlyRootWrites,
} satisfies HostCheck;
