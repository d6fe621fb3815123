// SPDX-License-Identifier: Apache-2.0
import { is, sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0073',
  title: 'Sshd believes neither hosts nor files of others, and no empty password',
  severity: 'high',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:5.2.8',
    'CIS-DIL-2.0:5.2.9',
    'CIS-DIL-2.0:5.2.11',
    'CIS-DIL-2.0:5.2.12',
    'CIS-Docker-1.6:1.2.1',
  ],
  rationale:
    'Each of these lets somebody in, or lets him choose what is loaded into his shell, who has proved nothing: by an empty password, the word of another machine, or a file that others can write.',
  remediation:
    "Remove the line that is named from /etc/ssh/sshd_config: what sshd does by itself is right. Then run 'sshd -t' and 'systemctl reload ssh'.",
  references: ['https://man.openbsd.org/sshd_config'],
  examples: [
    { good: sshdSetting('PermitEmptyPasswords', 'no'), bad: sshdSetting('PermitEmptyPasswords', 'yes') },
    { good: sshdSetting('HostbasedAuthentication', 'no'), bad: sshdSetting('HostbasedAuthentication', 'yes') },
    { good: sshdSetting('IgnoreRhosts', 'shosts-only'), bad: sshdSetting('IgnoreRhosts', 'no') },
    { good: sshdSetting('PermitUserEnvironment', 'no'), bad: sshdSetting('PermitUserEnvironment', 'LD_*') },
    { good: sshdSetting('StrictModes', 'yes'), bad: sshdSetting('StrictModes', 'no') },
  ],
  check: (facts) =>
    sshd(
      facts,
      ...['PermitEmptyPasswords', 'HostbasedAuthentication', 'PermitUserEnvironment'].map((keyword) => ({
        keyword,
        ok: is('no'),
        want: 'no',
        unset: 'no',
      })),
      { keyword: 'IgnoreRhosts', ok: is('yes', 'shosts-only'), want: 'yes', unset: 'yes' },
      { keyword: 'StrictModes', ok: is('yes'), want: 'yes', unset: 'yes' },
    ),
} satisfies HostCheck;
