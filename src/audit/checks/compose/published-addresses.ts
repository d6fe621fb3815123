// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

const EVERYWHERE = new Set(['', '0.0.0.0', '::', '*']);

export default {
  id: 'SEC-COMPOSE-0016',
  title: 'Ports are published on one address',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.14', 'NIST-800-190:4.3.3'],
  rationale:
    'A port without an address is open on every interface of the host, and docker opens it past the rules of ufw and firewalld.',
  remediation: 'Name the address: `127.0.0.1:8080:80`, or that of the interface it is for.',
  references: [`${SERVICES}#ports`, 'https://docs.docker.com/engine/network/packet-filtering-firewalls/'],
  examples: [
    { good: service('ports: ["127.0.0.1:8080:80"]'), bad: service('ports: ["8080:80"]') },
    { good: service('ports: ["[::1]:8080:80"]'), bad: service('ports: ["0.0.0.0:8080:80"]') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      facts.ports.flatMap(({ hostAddress, hostPort, containerPort }) =>
        EVERYWHERE.has(hostAddress)
          ? [
              [
                '/ports',
                `port ${containerPort ?? '?'} is published on every address of the host`,
                `/ports/${hostPort}:${containerPort}`,
              ] as const,
            ]
          : [],
      ),
    ),
} satisfies ComposeCheck;
