// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

const NAME = 'net.ipv6.conf.default.accept_ra';

export default {
  id: 'SEC-HOST-0086',
  title: 'Containers are not taken for routers',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.2.9', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.3'],
  rationale:
    'A container that may send any packet advertises itself as a router, and traffic of the host goes through it (CVE-2020-13401). Each bridge that an engine makes has what is set for new interfaces.',
  remediation:
    "Run 'sysctl -w net.ipv6.conf.default.accept_ra=0' and put net.ipv6.conf.default.accept_ra = 0 into /etc/sysctl.d/60-containers.conf; where the kernel itself gets the address of the network card by advertisements, add net.ipv6.conf.CARD.accept_ra = 2.",
  references: ['https://docs.kernel.org/networking/ip-sysctl.html', 'https://nvd.nist.gov/vuln/detail/CVE-2020-13401'],
  examples: [{ good: setting(NAME, '0'), bad: setting(NAME, '1') }],
  check: (facts) => sysctls(facts, { name: NAME, ok: (value) => value === 0, want: '0' }),
  fix: sysctlFix(
    { [NAME]: '0' },
    { risk: 'a network card whose IPv6 address and routes the kernel itself takes from advertisements gets none' },
  ),
} satisfies HostCheck;
