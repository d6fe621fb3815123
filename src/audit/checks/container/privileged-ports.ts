// SPDX-License-Identifier: Apache-2.0
import { problem } from '../../verdicts.ts';
import { type ContainerCheck, planned } from './shared/judge.ts';
import { publishedPorts, showPort } from './shared/network.ts';

const port = (hostPort: number) => ({ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, containerPort: 80 });

export default {
  id: 'SEC-CONTAINER-0017',
  title: 'No port of the host below 1024 is published',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.8'],
  rationale: 'Peers take what answers on a port below 1024 for a service that the administrator of the host started.',
  remediation:
    "Publish a higher one, '--publish 127.0.0.1:8443:443', and let the host's proxy or load balancer own the low one.",
  references: [
    'https://www.w3.org/Daemon/User/Installation/PrivilegedPorts.html',
    'https://man7.org/linux/man-pages/man7/ip.7.html',
  ],
  examples: [
    { good: { plan: { network: { ports: [port(1024)] } } }, bad: { plan: { network: { ports: [port(443)] } } } },
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      publishedPorts(plan, (ports) =>
        ports
          // 0: the kernel chose one, always a high one.
          .filter(({ hostPort }) => hostPort > 0 && hostPort < 1024)
          .map((one) =>
            problem(showPort(one), `${showPort(one)} takes port ${one.hostPort} of the host`, { logical: facts.name }),
          ),
      ),
    ),
} satisfies ContainerCheck;
