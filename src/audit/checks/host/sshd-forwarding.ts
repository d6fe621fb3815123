// SPDX-License-Identifier: Apache-2.0
import { is, sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0074',
  title: 'Sshd forwards no X11, and gives few tries',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.2.6', 'CIS-DIL-2.0:5.2.7', 'CIS-Docker-1.6:1.2.1'],
  rationale:
    'A machine that runs containers shows no windows; forwarded, whoever is root here reads the keyboard of who logged in. Many tries on one connection make guessing cheap.',
  remediation:
    "Write 'X11Forwarding no' into, and remove MaxAuthTries from, /etc/ssh/sshd_config, then run 'sshd -t' and 'systemctl reload ssh'.",
  references: ['https://man.openbsd.org/sshd_config#X11Forwarding', 'https://man.openbsd.org/sshd_config#MaxAuthTries'],
  examples: [
    { good: sshdSetting('X11Forwarding', 'no'), bad: sshdSetting('X11Forwarding', 'yes') },
    { good: sshdSetting('MaxAuthTries', '6'), bad: sshdSetting('MaxAuthTries', '7') },
  ],
  check: (facts) =>
    sshd(
      facts,
      { keyword: 'X11Forwarding', ok: is('no'), want: 'no', unset: 'no' },
      // What OpenSSH does by itself is taken; the benchmark's 4 costs people with several keys their login.
      {
        keyword: 'MaxAuthTries',
        ok: (value) => /^[1-6]$/.test(value),
        want: '6 at most',
        unset: '6',
      },
    ),
} satisfies HostCheck;
