// SPDX-License-Identifier: Apache-2.0
import { problem } from '../../verdicts.ts';
import { type ContainerCheck, planned } from './shared/judge.ts';
import { publishedPorts, showPort } from './shared/network.ts';

const port = (hostAddress: string) => ({ protocol: 'tcp', hostAddress, hostPort: 8080, containerPort: 80 });

export default {
  id: 'SEC-CONTAINER-0016',
  title: 'Ports are published on chosen addresses',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.14', 'NIST-800-190:4.4.2'],
  rationale:
    'Published on every address a service answers on each network of the host, those that are attached later included.',
  remediation:
    "Name the address: '--publish 127.0.0.1:8080:80' behind a proxy on the host, or that of the one network it serves.",
  references: ['https://docs.docker.com/engine/network/port-publishing/'],
  examples: [
    {
      good: { plan: { network: { ports: [port('192.0.2.7')] } } },
      bad: { plan: { network: { ports: [port('0.0.0.0')] } } },
    },
    {
      good: { plan: { network: { ports: [port('2001:db8::7')] } } },
      bad: { plan: { network: { ports: [port('::')] } } },
    },
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      publishedPorts(plan, (ports) =>
        ports
          .filter(({ hostAddress }) => hostAddress === '' || hostAddress === '0.0.0.0' || /^[0:]+$/.test(hostAddress))
          .map((one) =>
            problem(showPort(one), `port ${showPort(one)} is published on every address of the host`, {
              logical: facts.name,
            }),
          ),
      ),
    ),
} satisfies ContainerCheck;
