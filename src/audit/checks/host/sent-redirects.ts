// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0062',
  title: 'The host sends no redirects, and takes none that are called secure',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.1', 'NIST-800-190:4.5.1'],
  rationale: 'It forwards for its containers and would tell them of shorter ways that lead past its rules.',
  remediation:
    "Run 'sysctl -w net.ipv4.conf.all.send_redirects=0' and put net.ipv4.conf.all.send_redirects = 0 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv4.conf.all.secure_redirects=0' and put net.ipv4.conf.all.secure_redirects = 0 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv6.conf.all.accept_redirects=0' and put net.ipv6.conf.all.accept_redirects = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/networking/ip-sysctl.html'],
  examples: [
    { good: setting('net.ipv4.conf.all.send_redirects', '0'), bad: setting('net.ipv4.conf.all.send_redirects', '1') },
    {
      good: setting('net.ipv4.conf.all.secure_redirects', '0'),
      bad: setting('net.ipv4.conf.all.secure_redirects', '1'),
    },
    {
      good: setting('net.ipv6.conf.all.accept_redirects', '0'),
      bad: setting('net.ipv6.conf.all.accept_redirects', '1'),
    },
  ],
  check: (facts) =>
    sysctls(
      facts,
      { name: 'net.ipv4.conf.all.send_redirects', ok: (value) => value === 0, want: '0' },
      { name: 'net.ipv4.conf.all.secure_redirects', ok: (value) => value === 0, want: '0' },
      { name: 'net.ipv6.conf.all.accept_redirects', ok: (value) => value === 0, want: '0' },
    ),
  fix: sysctlFix({
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.all.secure_redirects': '0',
    'net.ipv6.conf.all.accept_redirects': '0',
  }),
} satisfies HostCheck;
