// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0104',
  title: 'Ports of system services are for root alone',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'It is lowered so that containers without root can publish port 80. From then on every user and every program takes a port below 1024 that is free for a moment, as when sshd or a web server restarts, and is given its passwords.',
  remediation:
    "Remove the line from /etc/sysctl.d ('grep -r ip_unprivileged_port_start /etc/sysctl*') and run 'sysctl -w net.ipv4.ip_unprivileged_port_start=1024'. Let one program have such ports instead: 'setcap cap_net_bind_service=ep $(which rootlesskit)', or a proxy in front.",
  references: [
    'https://docs.kernel.org/networking/ip-sysctl.html',
    'https://docs.docker.com/engine/security/rootless/tips/#exposing-privileged-ports',
  ],
  examples: [
    {
      good: setting('net.ipv4.ip_unprivileged_port_start', '1024'),
      bad: setting('net.ipv4.ip_unprivileged_port_start', '80'),
    },
  ],
  check: (facts) =>
    sysctls(facts, { name: 'net.ipv4.ip_unprivileged_port_start', ok: (value) => value >= 1024, want: '1024 or more' }),
} satisfies HostCheck;
