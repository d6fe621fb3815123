// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

const NAMES = [
  'net.ipv4.conf.all.send_redirects',
  'net.ipv4.conf.default.send_redirects',
  'net.ipv4.conf.all.secure_redirects',
  'net.ipv4.conf.default.secure_redirects',
  'net.ipv6.conf.all.accept_redirects',
  'net.ipv6.conf.default.accept_redirects',
] as const;

export default {
  id: 'SEC-HOST-0062',
  title: 'The host sends no redirects, and takes none that are called secure',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.1.2', 'CIS-DIL-2.0:3.2.2', 'CIS-DIL-2.0:3.2.3', 'NIST-800-190:4.5.1'],
  rationale:
    'It forwards for its containers and would tell them of shorter ways that lead past its rules. What is set for new interfaces counts too: an engine makes one for each network.',
  remediation: "Run 'sysctl -w NAME=0' for each that is named and put NAME = 0 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/networking/ip-sysctl.html'],
  examples: NAMES.map((name) => ({ good: setting(name, '0'), bad: setting(name, '1') })),
  check: (facts) => sysctls(facts, ...NAMES.map((name) => ({ name, ok: (value: number) => value === 0, want: '0' }))),
  fix: sysctlFix(Object.fromEntries(NAMES.map((name) => [name, '0']))),
} satisfies HostCheck;
