// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { about, type ContainerCheck, planned } from './shared/judge.ts';
import { attached } from './shared/network.ts';

export default {
  id: 'SEC-CONTAINER-0028',
  title: 'It cannot connect to services of the host',
  severity: 'medium',
  target: 'container',
  frameworks: ['NIST-800-190:4.4.2'],
  rationale:
    "Services of the host often trust what comes from a local address: databases without a password, agents, an engine's API.",
  remediation:
    'Make the container again without access to the host, and run what it needs in a container with a published port.',
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [{ good: { plan: { network: { hostAccess: false } } }, bad: { plan: { network: { hostAccess: true } } } }],
  check: (facts) =>
    planned(facts, (plan) =>
      plan.network?.hostAccess === null
        ? unknown('its engine lets it unless the firewall of the host forbids it')
        : attached(plan, ({ hostAccess }) =>
            hostAccess ? [about(facts, 'host', "it may connect to the host's own addresses")] : [],
          ),
    ),
} satisfies ContainerCheck;
