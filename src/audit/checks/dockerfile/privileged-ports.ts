// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { exposedPorts } from './shared/ports.ts';
import { problem, verdict } from './shared/problems.ts';
import { isRoot, lastUser } from './shared/user.ts';

export default {
  id: 'SEC-DOCKERFILE-0023',
  title: 'Its ports need no privilege',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:5.8', 'NIST-800-190:4.4.3'],
  rationale:
    'A port below 1024 is why a server starts as root or keeps CAP_NET_BIND_SERVICE. As another user it does not start at all where the engine does not open these ports (net.ipv4.ip_unprivileged_port_start), as under Kubernetes.',
  remediation:
    'Let the program listen on a port above 1023, EXPOSE that, and publish it as the other: secure run -p 80:8080.',
  references: [`${REFERENCE}#expose`, 'https://man7.org/linux/man-pages/man7/capabilities.7.html'],
  examples: [
    { good: 'FROM debian:12\nEXPOSE 8080\nUSER 1\n', bad: 'FROM debian:12\nEXPOSE 80/tcp\nUSER 1\n' },
    {
      good: 'FROM debian:12\nARG PORT=1024-2000/udp\nEXPOSE $PORT\n',
      bad: 'FROM debian:12\nARG PORT=1023-2000/udp\nEXPOSE $PORT\n',
    },
  ],
  check(facts) {
    const user = lastUser(facts)?.expanded[0];
    const whose = user === undefined || isRoot(user) ? 'keeps the program root' : 'a user who is not root cannot open';
    return verdict(
      exposedPorts(facts)
        .filter(({ first }) => first < 1024)
        .map(({ text, region }) =>
          problem(facts, region, `EXPOSE ${text}`, `EXPOSE ${text} is below 1024, which ${whose}`),
        ),
    );
  },
} satisfies DockerfileCheck;
