// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofAddresses } from './shared/swarm.ts';

export default {
  id: 'SEC-ENGINE-0009',
  title: 'The swarm listens on one chosen address',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.2', 'NIST-800-190:4.3.3'],
  rationale:
    'On every address the port of the managers is open on each network of the host, those that are attached later included.',
  remediation:
    "Make the swarm again, or join again, with '--listen-addr ADDRESS:2377', the address of the network that its nodes share.",
  references: ['https://docs.docker.com/reference/cli/docker/swarm/init/'],
  examples: [
    {
      good: { swarm: { addresses: { listen: '10.0.0.5:2377' } } },
      bad: { swarm: { addresses: { listen: '0.0.0.0:2377' } } },
    },
    {
      good: { swarm: { addresses: { listen: '[2001:db8::5]:2377' } } },
      bad: { swarm: { addresses: { listen: '[::]:2377' } } },
    },
  ],
  check: (facts) =>
    ofAddresses(facts, ({ listen }) =>
      /^(?:0\.0\.0\.0|\[?[0:]*\]?)?:\d+$/.test(listen)
        ? [ofEngine(facts, 'listen', `the swarm listens on every address: ${listen}`)]
        : [],
    ),
} satisfies EngineCheck;
