// SPDX-License-Identifier: Apache-2.0

import { is, sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `1m30s` in seconds: sshd_config(5), TIME FORMATS. NaN: it is none. */
export function seconds(text: string): number {
  if (text === '' || !/^(?:\d+[smhdw])*\d*$/.test(text)) return Number.NaN;
  return [...text.matchAll(/(\d+)([smhdw]?)/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 1),
    0,
  );
}

/** `10:30:100`: from how many on connections are dropped, with which chance, and from how many on all. A number alone is both. */
function fewStarts(value: string): boolean {
  const [start, , full = start] = value.split(':');
  return /^\d{1,6}(?::\d{1,3}:\d{1,6})?$/.test(value) && Number(start) <= 10 && Number(full) <= 100;
}

export default {
  id: 'SEC-HOST-0124',
  title: 'Sshd waits for few, not for long, and says who came',
  severity: 'low',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:5.2.5', 'CIS-DIL-2.0:5.2.17', 'CIS-DIL-2.0:5.2.22', 'CIS-DIL-2.0:5.2.23', 'CIS-Docker-1.6:1.2.1'],
    'NIST-800-190:4.5.4',
  ],
  rationale:
    'Connections that have not logged in cost a process of root each, and are what CVE-2024-6387 was tried by; a log without names does not say who was there.',
  remediation:
    "Remove LogLevel, LoginGraceTime, MaxStartups and MaxSessions from /etc/ssh/sshd_config: what sshd does by itself is right. Then run 'sshd -t' and 'systemctl reload ssh'.",
  references: ['https://man.openbsd.org/sshd_config#LoginGraceTime', 'https://nvd.nist.gov/vuln/detail/CVE-2024-6387'],
  examples: [
    { good: sshdSetting('LogLevel', 'verbose'), bad: sshdSetting('LogLevel', 'quiet') },
    { good: sshdSetting('LoginGraceTime', '1m30s'), bad: sshdSetting('LoginGraceTime', '0') },
    { good: sshdSetting('LoginGraceTime', '120'), bad: sshdSetting('LoginGraceTime', '3m') },
    { good: sshdSetting('MaxStartups', '10:30:60'), bad: sshdSetting('MaxStartups', '100') },
    { good: sshdSetting('MaxSessions', '4'), bad: sshdSetting('MaxSessions', '100') },
  ],
  check: (facts) =>
    sshd(
      facts,
      {
        keyword: 'LogLevel',
        ok: is('info', 'verbose', 'debug', 'debug1', 'debug2', 'debug3'),
        want: 'INFO or more',
        unset: 'info',
      },
      {
        keyword: 'LoginGraceTime',
        ok: (value) => seconds(value) > 0 && seconds(value) <= 120,
        want: 'two minutes at most, and not 0, which is for ever',
        unset: '120',
      },
      { keyword: 'MaxStartups', ok: fewStarts, want: '10:30:100 at most', unset: '10:30:100' },
      { keyword: 'MaxSessions', ok: (value) => /^(?:\d|10)$/.test(value), want: '10 at most', unset: '10' },
    ),
} satisfies HostCheck;
