// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

const ONE_WAY = 'packets to which no route leads back, of a receiver that never answers, are dropped';

export default {
  id: 'SEC-HOST-0061',
  title: 'Packets with a forged sender are dropped, and floods are answered',
  severity: 'medium',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:3.2.5',
    'CIS-DIL-2.0:3.2.6',
    'CIS-DIL-2.0:3.2.7',
    'CIS-DIL-2.0:3.2.8',
    'NIST-800-190:4.5.1',
  ],
  rationale:
    'A container with NET_RAW, or another machine, sends packets in the name of a third; without cookies a few thousand of them fill the table of connections.',
  remediation:
    "Run 'sysctl -w net.ipv4.conf.all.rp_filter=1' and put net.ipv4.conf.all.rp_filter = 1 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv4.conf.default.rp_filter=2' and put net.ipv4.conf.default.rp_filter = 2 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv4.tcp_syncookies=1' and put net.ipv4.tcp_syncookies = 1 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv4.icmp_echo_ignore_broadcasts=1' and put net.ipv4.icmp_echo_ignore_broadcasts = 1 into /etc/sysctl.d/60-containers.conf. Run 'sysctl -w net.ipv4.icmp_ignore_bogus_error_responses=1' and put net.ipv4.icmp_ignore_bogus_error_responses = 1 into /etc/sysctl.d/60-containers.conf.",
  references: [
    'https://docs.kernel.org/admin-guide/sysctl/net.html',
    'https://docs.kernel.org/networking/ip-sysctl.html',
  ],
  examples: [
    { good: setting('net.ipv4.conf.all.rp_filter', '1'), bad: setting('net.ipv4.conf.all.rp_filter', '0') },
    { good: setting('net.ipv4.conf.default.rp_filter', '2'), bad: setting('net.ipv4.conf.default.rp_filter', '0') },
    { good: setting('net.ipv4.tcp_syncookies', '1'), bad: setting('net.ipv4.tcp_syncookies', '0') },
    {
      good: setting('net.ipv4.icmp_echo_ignore_broadcasts', '1'),
      bad: setting('net.ipv4.icmp_echo_ignore_broadcasts', '0'),
    },
    {
      good: setting('net.ipv4.icmp_ignore_bogus_error_responses', '1'),
      bad: setting('net.ipv4.icmp_ignore_bogus_error_responses', '0'),
    },
  ],
  check: (facts) =>
    sysctls(
      facts,
      {
        name: 'net.ipv4.conf.all.rp_filter',
        ok: (value) => value === 1 || value === 2,
        want: '1, or 2 where ways differ',
      },
      {
        name: 'net.ipv4.conf.default.rp_filter',
        ok: (value) => value === 1 || value === 2,
        want: '1, or 2 where ways differ',
      },
      { name: 'net.ipv4.tcp_syncookies', ok: (value) => value === 1 || value === 2, want: '1' },
      { name: 'net.ipv4.icmp_echo_ignore_broadcasts', ok: (value) => value === 1, want: '1' },
      { name: 'net.ipv4.icmp_ignore_bogus_error_responses', ok: (value) => value === 1, want: '1' },
    ),
  fix: sysctlFix(
    {
      'net.ipv4.conf.all.rp_filter': '2',
      'net.ipv4.conf.default.rp_filter': '2',
      'net.ipv4.tcp_syncookies': '1',
      'net.ipv4.icmp_echo_ignore_broadcasts': '1',
      'net.ipv4.icmp_ignore_bogus_error_responses': '1',
    },
    { risks: { 'net.ipv4.conf.all.rp_filter': ONE_WAY, 'net.ipv4.conf.default.rp_filter': ONE_WAY } },
  ),
} satisfies HostCheck;
