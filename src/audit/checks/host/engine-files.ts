// SPDX-License-Identifier: Apache-2.0
import { ENGINE_FILES, ENGINE_PROGRAMS } from '../../facts/host/files.ts';
import { files, onlyRootWrites, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0025',
  title: 'Only root changes programs, units and configuration of container engines',
  severity: 'critical',
  target: 'host',
  frameworks: [1, 2, 3, 4, 5, 6, 17, 18, 19, 20, 21, 22].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'A line in daemon.json or in a unit makes the engine start a program as root, trust another registry or drop its defaults.',
  remediation:
    "Run 'chown root:root PATH && chmod go-w PATH' for each path that is named, and find out who wrote it ('ls -l --time-style=full-iso PATH').",
  references: ['https://docs.docker.com/engine/daemon/', 'https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [
    {
      good: { files: { '/etc/docker/daemon.json': { mode: 0o644 } } },
      bad: { files: { '/etc/docker/daemon.json': { mode: 0o646 } } },
    },
    { good: { files: { '/etc/docker': { uid: 0 } } }, bad: { files: { '/etc/docker': { uid: 1000 } } } },
    {
      good: { files: { '/usr/lib/systemd/system/docker.service': { gid: 0, mode: 0o664 } } },
      bad: { files: { '/usr/lib/systemd/system/docker.service': { gid: 100, mode: 0o664 } } },
    },
    { good: { files: { '/usr/bin/runc': { mode: 0o755 } } }, bad: { files: { '/usr/bin/runc': { mode: 0o757 } } } },
  ],
  check: (facts) =>
    files(facts, [...ENGINE_FILES, ...ENGINE_PROGRAMS], 'no container engine is installed', writableByOthers),
  fix: onlyRootWrites,
} satisfies HostCheck;
