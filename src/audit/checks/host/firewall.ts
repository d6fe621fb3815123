// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const FIREWALLS = new Set(
  [
    'nftables',
    'ufw',
    'firewalld',
    'iptables',
    'ip6tables',
    'netfilter-persistent',
    'shorewall',
    'ferm',
    'apf-firewall',
  ].map((name) => `${name}.service`),
);

export default {
  id: 'SEC-HOST-0080',
  title: 'A firewall is set up when the machine starts',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.5.3', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.2'],
  rationale:
    'The rules of engines are about containers alone: without others every port of the machine itself is open, and one that a careless service opens tomorrow, too.',
  remediation:
    "Write what may come in into /etc/nftables.conf, leave the tables of engines alone ('flush ruleset' takes theirs away), and run 'systemctl enable --now nftables'. Where the network in front of the machine does it, waive this.",
  references: ['https://wiki.nftables.org/', 'https://docs.docker.com/engine/network/packet-filtering-firewalls/'],
  examples: [
    {
      good: { system: { enabledUnits: ['nftables.service'] } },
      bad: { system: { enabledUnits: ['docker.service'] } },
    },
  ],
  check({ system: { enabledUnits } }) {
    if (enabledUnits === undefined)
      return unknown('what the system starts cannot be told: no units of systemd, OpenRC or System V can be read');
    if (enabledUnits.some((unit) => FIREWALLS.has(unit))) return PASS;
    return fails(
      problem('firewall', 'none of nftables, ufw, firewalld and iptables is enabled', {
        logical: 'firewall',
        path: 'etc/systemd/system',
      }),
    );
  },
} satisfies HostCheck;
