// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const CONFIG = { logical: '/etc/audit/auditd.conf', path: 'etc/audit/auditd.conf' };
const setting = (name: string, value: string) => ({ auditd: { settings: { [name]: value } } });
/** What each must not be: nobody hears of it, and the disk fills or events are lost. */
const IGNORED = ['max_log_file_action', 'space_left_action', 'disk_full_action', 'disk_error_action'] as const;

export default {
  id: 'SEC-HOST-0118',
  title: 'The log of the audit system is bounded, and its end is noticed',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:4.1.1.1', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'A log without a bound fills the disk of the containers; one whose end nobody is told of stops in silence. The benchmark has the machine halt then: whoever can fill a log would stop every container.',
  remediation:
    "Write 'max_log_file = 64', 'max_log_file_action = rotate', 'space_left_action = syslog' and 'disk_full_action = syslog' into /etc/audit/auditd.conf, and run 'service auditd reload'.",
  references: ['https://man7.org/linux/man-pages/man5/auditd.conf.5.html'],
  examples: [
    { good: setting('max_log_file_action', 'rotate'), bad: setting('max_log_file_action', 'ignore') },
    { good: setting('disk_full_action', 'syslog'), bad: setting('disk_full_action', 'ignore') },
    { good: setting('max_log_file', '64'), bad: setting('max_log_file', '0') },
  ],
  check({ auditd: { installed, settings, problem: unread } }) {
    if (!installed) return notApplicable('auditd is not installed');
    if (settings === undefined || (unread !== null && Object.keys(settings).length === 0))
      return unknown(`/etc/audit/auditd.conf cannot be read: ${unread ?? 'it was not looked at'}`);
    const size = settings.max_log_file;
    return verdict([
      ...IGNORED.filter((name) => settings[name] === 'ignore').map((name) =>
        problem(name, `${name} of auditd is ignore: nobody notices`, CONFIG),
      ),
      ...(size === undefined || /^[1-9]\d{0,8}$/.test(size)
        ? []
        : [
            problem(
              'max_log_file',
              `max_log_file of auditd is ${quoted(size)}: it has to be a number of megabytes`,
              CONFIG,
            ),
          ]),
    ]);
  },
} satisfies HostCheck;
