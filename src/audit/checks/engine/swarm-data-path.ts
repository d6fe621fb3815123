// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofAddresses } from './shared/swarm.ts';

const host = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

export default {
  id: 'SEC-ENGINE-0010',
  title: 'Traffic of containers has another way than that of managers',
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.9', 'NIST-800-190:4.3.3'],
  rationale:
    'On one network containers and the outside reach the port of the managers, and traffic of services that grows until the managers lose each other stops the swarm.',
  remediation:
    "Make the swarm again, or join again, with '--data-path-addr ADDRESS' of another network than '--advertise-addr'.",
  references: ['https://docs.docker.com/engine/swarm/networking/'],
  examples: [
    { good: { swarm: { addresses: { data: '10.1.0.5' } } }, bad: { swarm: { addresses: { data: '' } } } },
    { good: { swarm: { addresses: { data: '10.1.0.5' } } }, bad: { swarm: { addresses: { data: '10.0.0.5' } } } },
  ],
  check: (facts) =>
    ofAddresses(facts, ({ advertise, listen, data }) => {
      const management = host(advertise === '' ? listen : advertise);
      return data === '' || host(data) === management
        ? [ofEngine(facts, 'data-path', `traffic of containers goes by the address of the managers, ${management}`)]
        : [];
    }),
} satisfies EngineCheck;
