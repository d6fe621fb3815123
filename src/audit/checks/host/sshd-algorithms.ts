// SPDX-License-Identifier: Apache-2.0

import { sshd, sshdSetting } from './shared/sshd.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Broken, or so weak that OpenSSH does not offer them by itself. */
const WEAK: Readonly<Record<string, RegExp>> = {
  Ciphers: /^(?:3des-|arcfour|blowfish-|cast128-|des-|rijndael-|aes(?:128|192|256)-cbc|none$|\*)/,
  MACs: /^(?:hmac-md5|hmac-sha1-96|hmac-ripemd|umac-64|none$|\*)/,
  KexAlgorithms: /^(?:diffie-hellman-group(?:1|14)-sha1|diffie-hellman-group-exchange-sha1|gss-.*-sha1-|\*)/,
};

/** Weak names of a list. `-` takes names away from what is offered by itself, and so adds none. */
export function weakNames(keyword: string, value: string): string[] {
  if (value.startsWith('-')) return [];
  return value
    .replace(/^[+^]/, '')
    .split(',')
    .filter((name) => WEAK[keyword]?.test(name) === true);
}

export default {
  id: 'SEC-HOST-0125',
  title: 'Sshd offers no ciphers that are broken',
  severity: 'medium',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:5.2.13', 'CIS-DIL-2.0:5.2.14', 'CIS-DIL-2.0:5.2.15', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  ],
  rationale:
    'Somebody once added an old cipher for an old client; now everybody between can have both sides use it, and read or change what is said.',
  remediation:
    "Remove Ciphers, MACs and KexAlgorithms from /etc/ssh/sshd_config, or the names from them: what sshd offers by itself is right. Then run 'sshd -t' and 'systemctl reload ssh'.",
  references: ['https://man.openbsd.org/sshd_config#Ciphers', 'https://www.openssh.com/legacy.html'],
  examples: [
    { good: sshdSetting('Ciphers', 'aes256-gcm@openssh.com'), bad: sshdSetting('Ciphers', '+aes128-cbc') },
    { good: sshdSetting('MACs', '-hmac-md5'), bad: sshdSetting('MACs', 'hmac-sha2-256,hmac-md5') },
    {
      good: sshdSetting('KexAlgorithms', 'curve25519-sha256'),
      bad: sshdSetting('KexAlgorithms', '+diffie-hellman-group1-sha1'),
    },
  ],
  check: (facts) =>
    sshd(
      facts,
      ...Object.keys(WEAK).map((keyword) => ({
        keyword,
        ok: (value: string) => weakNames(keyword, value).length === 0,
        want: 'without those that are broken',
        unset: '',
      })),
    ),
} satisfies HostCheck;
