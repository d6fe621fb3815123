// SPDX-License-Identifier: Apache-2.0
import { fails, notApplicable, PASS, problem, unknown } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const syslog = (rotated: boolean) => ({ system: { enabledUnits: ['rsyslog.service'] }, logs: { rotated } });

export default {
  id: 'SEC-HOST-0123',
  title: 'Log files are shortened in time',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:4.3', 'CIS-Docker-1.6:1.2.1'],
  rationale: 'A log that only grows fills the disk in the end, and with it stops what writes there, engines included.',
  remediation:
    "Run 'apt-get install logrotate' (or 'dnf install logrotate') and 'systemctl enable --now logrotate.timer'.",
  references: ['https://man7.org/linux/man-pages/man8/logrotate.8.html'],
  examples: [{ good: syslog(true), bad: syslog(false) }],
  check({ logs, system: { enabledUnits } }) {
    if (logs === undefined) return NOT_COLLECTED;
    if (logs.rotated) return PASS;
    if (enabledUnits?.some((unit) => /^(?:rsyslog|syslog-ng)\.service$/.test(unit)))
      return fails(
        problem('logrotate', 'rsyslog writes files, and nothing starts logrotate', {
          logical: 'logrotate',
          path: 'etc/logrotate.conf',
        }),
      );
    if (enabledUnits === undefined) return unknown('what the system starts cannot be told');
    return notApplicable('logs are kept by journald alone, which bounds them itself');
  },
} satisfies HostCheck;
