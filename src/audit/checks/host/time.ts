// SPDX-License-Identifier: Apache-2.0
import { TIME_SOURCES } from '../../facts/host/files.ts';
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0020',
  title: 'The clock is kept right',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:2.2.1.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Containers have the clock of the host: certificates, signatures and exceptions expire by it, and logs of several hosts are put together by it.',
  remediation:
    "Run 'apt-get install chrony' or 'dnf install chrony', then 'systemctl enable --now chrony' (chronyd on Fedora and RHEL).",
  references: [
    'https://chrony-project.org/documentation.html',
    'https://man7.org/linux/man-pages/man8/systemd-timesyncd.service.8.html',
  ],
  examples: [
    {
      good: { files: { '/run/systemd/timesync': { type: 'directory', mode: 0o755, uid: 0, gid: 0 } } },
      bad: { files: { '/run/systemd/timesync': null } },
    },
  ],
  check({ files }) {
    if (TIME_SOURCES.some((path) => files[path] != null)) return PASS;
    if (TIME_SOURCES.some((path) => files[path] === undefined))
      return unknown('the units of the system cannot be looked at: audit as root');
    const message = 'none of systemd-timesyncd, chrony, ntpd, ntpsec and openntpd is enabled or running';
    return fails(problem('time', message, { logical: 'time synchronisation', path: 'etc/systemd/system' }));
  },
} satisfies HostCheck;
