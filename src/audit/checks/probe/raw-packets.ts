// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'socket-raw': 'a raw socket could be made',
  'socket-packet': 'a packet socket could be made',
};

export default {
  id: 'SEC-PROBE-0017',
  title: 'Packets cannot be forged',
  severity: 'medium',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.4', 'NIST-800-190:4.4.2'],
  rationale:
    'With raw and packet sockets a program answers for its neighbours (ARP, DNS) on the network of all containers, and reads what is theirs (CVE-2020-14386 was a bug in AF_PACKET).',
  remediation: "Remove CAP_NET_RAW: '--cap-drop NET_RAW' for docker; podman and this product do not give it.",
  references: [
    'https://man7.org/linux/man-pages/man7/packet.7.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2020-14386',
  ],
  examples: [{ good: {}, bad: { attempts: { 'socket-raw': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
