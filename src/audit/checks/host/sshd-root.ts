// SPDX-License-Identifier: Apache-2.0
import { is, sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0071',
  title: 'Root does not log in by ssh with a password',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.2.10', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'Root is the one name that every machine has, so that only its password has to be guessed; and who logged in as root is nobody in the logs.',
  remediation:
    "Write 'PermitRootLogin no' (or prohibit-password, for keys alone) before any Match into /etc/ssh/sshd_config, then run 'sshd -t' and 'systemctl reload ssh'.",
  references: ['https://man.openbsd.org/sshd_config#PermitRootLogin'],
  examples: [{ good: sshdSetting('PermitRootLogin', 'prohibit-password'), bad: sshdSetting('PermitRootLogin', 'yes') }],
  check: (facts) =>
    sshd(facts, {
      keyword: 'PermitRootLogin',
      ok: is('no', 'prohibit-password', 'without-password', 'forced-commands-only'),
      want: 'no or prohibit-password',
      unset: 'prohibit-password',
    }),
} satisfies HostCheck;
