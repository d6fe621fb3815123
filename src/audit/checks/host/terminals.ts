// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0057',
  title: 'Terminals take no input and no drivers from those who share them',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A container with the terminal of its caller pushes keys into it with TIOCSTI, which the shell of the host then runs (CVE-2017-5226); line disciplines are drivers for old devices that anybody loads by asking.',
  remediation:
    "Run 'sysctl -w dev.tty.legacy_tiocsti=0' and put dev.tty.legacy_tiocsti = 0 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w dev.tty.ldisc_autoload=0' and put dev.tty.ldisc_autoload = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/dev.html', 'https://nvd.nist.gov/vuln/detail/CVE-2017-5226'],
  examples: [
    { good: setting('dev.tty.legacy_tiocsti', '0'), bad: setting('dev.tty.legacy_tiocsti', '1') },
    { good: setting('dev.tty.ldisc_autoload', '0'), bad: setting('dev.tty.ldisc_autoload', '1') },
  ],
  check: (facts) =>
    sysctls(
      facts,
      { name: 'dev.tty.legacy_tiocsti', ok: (value) => value === 0, want: '0' },
      { name: 'dev.tty.ldisc_autoload', ok: (value) => value === 0, want: '0' },
    ),
  fix: sysctlFix({ 'dev.tty.legacy_tiocsti': '0', 'dev.tty.ldisc_autoload': '0' }),
} satisfies HostCheck;
