// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0010',
  title: 'Neighbours cannot change its routes',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.2.1', 'CIS-DIL-2.0:3.2.2', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.3'],
  rationale:
    'By an ICMP redirect or a source route a neighbour, a container on a bridge included, leads traffic of the host through itself. Where the host does not forward, the default of new interfaces counts as much as the setting for all.',
  remediation:
    "Run 'sysctl -w net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.default.accept_redirects=0 net.ipv4.conf.all.accept_source_route=0 net.ipv6.conf.all.accept_source_route=0' and put net.ipv4.conf.all.accept_redirects = 0; net.ipv4.conf.default.accept_redirects = 0; net.ipv4.conf.all.accept_source_route = 0; net.ipv6.conf.all.accept_source_route = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/networking/ip-sysctl.html'],
  examples: [
    {
      good: setting('net.ipv4.conf.all.accept_redirects', '0'),
      bad: setting('net.ipv4.conf.all.accept_redirects', '1'),
    },
    {
      good: setting('net.ipv4.conf.default.accept_redirects', '0'),
      bad: setting('net.ipv4.conf.default.accept_redirects', '1'),
    },
    {
      good: setting('net.ipv4.conf.all.accept_source_route', '0'),
      bad: setting('net.ipv4.conf.all.accept_source_route', '1'),
    },
    {
      good: setting('net.ipv6.conf.all.accept_source_route', '-1'),
      bad: setting('net.ipv6.conf.all.accept_source_route', '1'),
    },
  ],
  check: (facts) =>
    sysctls(
      facts,
      { name: 'net.ipv4.conf.all.accept_redirects', ok: (value) => value === 0, want: '0' },
      { name: 'net.ipv4.conf.default.accept_redirects', ok: (value) => value === 0, want: '0' },
      // A source route is taken only where the setting for all and that of the interface allow it.
      { name: 'net.ipv4.conf.all.accept_source_route', ok: (value) => value === 0, want: '0' },
      { name: 'net.ipv6.conf.all.accept_source_route', ok: (value) => value <= 0, want: '0 or less' },
    ),
  fix: sysctlFix({
    'net.ipv4.conf.all.accept_redirects': '0',
    'net.ipv4.conf.default.accept_redirects': '0',
    'net.ipv4.conf.all.accept_source_route': '0',
    'net.ipv6.conf.all.accept_source_route': '0',
  }),
} satisfies HostCheck;
