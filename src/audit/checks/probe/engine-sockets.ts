// SPDX-License-Identifier: Apache-2.0
import { about, conclude, type ProbeCheck, seen } from './shared/judge.ts';

export default {
  id: 'SEC-PROBE-0024',
  title: 'No container engine and no system manager answers',
  severity: 'critical',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.32', 'NIST-800-190:4.4.4'],
  rationale:
    'Whoever may speak to an engine starts a container with the root of the host in it; whoever may speak to the system manager starts a service.',
  remediation:
    'Remove the volume with the socket. Give what needs to know about containers a proxy that answers only reading requests.',
  references: ['https://docs.docker.com/engine/security/#docker-daemon-attack-surface'],
  examples: [
    {
      good: { sockets: [{ path: '/run/docker.sock', answers: false }] },
      bad: { sockets: [{ path: '/run/docker.sock', answers: true }] },
    },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'sockets', (sockets) =>
        sockets
          .filter(({ answers }) => answers)
          .map(({ path }) => about(facts, path, `${path} takes a connection: control of the host`)),
      ),
    ),
} satisfies ProbeCheck;
