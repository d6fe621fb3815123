// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { fails, PASS, quoted, unknown } from '../../verdicts.ts';
import { about, type ProbeCheck } from './shared/judge.ts';

export default {
  id: 'SEC-PROBE-0019',
  title: 'The network of the host is not its own',
  severity: 'high',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.10', 'PSS-Baseline:hostNamespaces'],
  rationale:
    "In the host's network namespace a program reaches every service of loopback and every abstract socket (CVE-2020-15257), and opens ports in the name of the machine.",
  remediation: "Remove '--network host' and publish the ports that are needed.",
  references: [
    'https://man7.org/linux/man-pages/man7/network_namespaces.7.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2020-15257',
  ],
  examples: [
    { good: {}, bad: { namespaces: { net: { inode: 0xeffffff9 } } } },
    // That of the machine which judges.
    { good: {}, bad: { namespaces: { net: { inode: 4026531835 } } } },
  ],
  check: (facts) => {
    const found = whose(facts, 'net');
    if (found === 'unknown')
      return unknown(
        'whether its network namespace is that of the host can be told by a kernel from 6.18 on, or on the same machine',
      );
    if (found === 'own') return PASS;
    const names = facts.network?.abstract ?? [];
    const sockets = names.length === 0 ? '' : `, with abstract sockets such as ${quoted(names[0])}`;
    return fails(about(facts, 'net', `its network namespace is that of the host${sockets}`));
  },
} satisfies ProbeCheck;
