// SPDX-License-Identifier: Apache-2.0
import { is, sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0072',
  title: 'Nobody logs in by ssh with a password alone',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'A password is guessed, reused and given away; a key is not, and whoever gets in is on the kernel of all containers.',
  remediation:
    "Put keys into ~/.ssh/authorized_keys, try them, then write 'PasswordAuthentication no' and 'KbdInteractiveAuthentication no' into /etc/ssh/sshd_config, and run 'sshd -t' and 'systemctl reload ssh'. Where a second factor is asked for by keyboard-interactive, waive this.",
  references: ['https://man.openbsd.org/sshd_config#PasswordAuthentication'],
  examples: [
    { good: sshdSetting('PasswordAuthentication', 'no'), bad: sshdSetting('PasswordAuthentication', 'yes') },
    {
      good: sshdSetting('KbdInteractiveAuthentication', 'no'),
      bad: sshdSetting('KbdInteractiveAuthentication', 'yes'),
    },
  ],
  check: (facts) =>
    sshd(
      facts,
      ...['PasswordAuthentication', 'KbdInteractiveAuthentication'].map((keyword) => ({
        keyword,
        ok: is('no'),
        want: 'no',
        unset: 'yes',
      })),
    ),
} satisfies HostCheck;
