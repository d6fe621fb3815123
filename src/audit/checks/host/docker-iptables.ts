// SPDX-License-Identifier: Apache-2.0
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0032',
  title: 'Docker maintains the rules of its firewall',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.4', 'NIST-800-190:4.3.3'],
  rationale:
    'Without its rules icc=false does nothing, containers that share no network reach each other, and ports are open to whoever routes there.',
  remediation: 'Remove "iptables": false in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/network/packet-filtering-firewalls/'],
  examples: [{ good: daemon('iptables', true), bad: daemon('iptables', false) }],
  check: (facts) =>
    docker(facts, 'iptables', (value) =>
      value === false ? 'iptables is false: networks of containers are not kept apart' : null,
    ),
  fix: daemonFix(['iptables'], undefined, {
    risk: 'docker adds its rules to those of a firewall that somebody wrote instead',
  }),
} satisfies HostCheck;
