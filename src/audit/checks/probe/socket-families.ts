// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'socket-alg': 'AF_ALG is answered',
  'socket-vsock': 'AF_VSOCK is answered',
  'socket-tipc': 'AF_TIPC is answered',
  'socket-bluetooth': 'AF_BLUETOOTH is answered',
  'netlink-xfrm': 'netlink of IPsec is answered',
  'netlink-audit': 'netlink of the audit system is answered',
  'netlink-netfilter': 'netlink of netfilter is answered',
  'netlink-uevent': 'netlink of device events is answered',
  'netlink-crypto': 'netlink of ciphers is answered',
  'userns-netfilter': 'nf_tables are reached as root of a namespace of its own',
};

export default {
  id: 'SEC-PROBE-0018',
  title: 'Rare families of sockets are refused',
  severity: 'medium',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'Their code is old and little used, and the kernel loads it when somebody asks: AF_VSOCK reaches the hypervisor, AF_ALG, TIPC and nf_tables were ways into the kernel (CVE-2021-43267, CVE-2023-32233, CVE-2024-1086).',
  remediation:
    'Use a filter that allows socket(2) for AF_UNIX, AF_INET, AF_INET6 and a few protocols of AF_NETLINK only, as the strict profile of this product does.',
  references: [
    'https://man7.org/linux/man-pages/man2/socket.2.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2024-1086',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2021-43267',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'socket-alg': ALLOWED } } },
    { good: {}, bad: { attempts: { 'userns-netfilter': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
