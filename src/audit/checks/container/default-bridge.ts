// SPDX-License-Identifier: Apache-2.0
import { about, type ContainerCheck, planned } from './shared/judge.ts';
import { DOCKER } from './shared/managed.ts';
import { attached } from './shared/network.ts';

export default {
  id: 'SEC-CONTAINER-0036',
  title: 'It has a network of its own choice',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.30', 'NIST-800-190:4.4.2'],
  rationale:
    'On the default bridge it is together with every container that nobody thought about, and reaches them unless the daemon forbids it.',
  remediation:
    "'docker network create NAME', and '--network NAME' for those that belong together; '--network none' for what needs none.",
  references: ['https://docs.docker.com/engine/network/drivers/bridge/'],
  examples: [
    {
      good: { ...DOCKER, plan: { network: { bridge: 'web' } } },
      bad: { ...DOCKER, plan: { network: { bridge: 'default' } } },
    },
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      attached(plan, ({ bridge }) =>
        bridge === 'default' ? [about(facts, 'bridge', 'it is on the default bridge of its engine')] : [],
      ),
    ),
} satisfies ContainerCheck;
