// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofManager } from './shared/swarm.ts';

/** More make each decision slower and give no more safety: docs of swarm. */
const MOST = 7;

export default {
  id: 'SEC-ENGINE-0008',
  title: 'The swarm has as many managers as it needs, and no more',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.1'],
  rationale:
    'Each manager has the keys and secrets of the whole swarm. With an even number one more adds a target and no safety; a single one of several nodes takes the swarm with it when it is lost.',
  remediation:
    "Run 'docker node demote NODE' or 'docker node promote NODE' until there are three, five or seven; one is enough for one or two nodes.",
  references: ['https://docs.docker.com/engine/swarm/admin_guide/'],
  examples: [
    { good: { swarm: { manager: { managers: 3 } } }, bad: { swarm: { manager: { managers: 4 } } } },
    { good: { swarm: { manager: { managers: 3 } } }, bad: { swarm: { manager: { managers: 1 } } } },
    { good: { swarm: { manager: { managers: 1, nodes: 2 } } }, bad: { swarm: { manager: { managers: 1, nodes: 3 } } } },
    { good: { swarm: { manager: { managers: 7 } } }, bad: { swarm: { manager: { managers: 9 } } } },
  ],
  check: (facts) =>
    ofManager(facts, ({ managers, nodes }) => {
      if (managers === 1 && nodes <= 2) return [];
      const wrong =
        managers > MOST
          ? `more than ${MOST}`
          : managers % 2 === 0
            ? 'an even number'
            : managers < 3
              ? `and ${nodes} nodes that are lost with it`
              : undefined;
      return wrong === undefined
        ? []
        : [ofEngine(facts, 'managers', `the swarm has ${managers} manager${managers === 1 ? '' : 's'}, ${wrong}`)];
    }),
} satisfies EngineCheck;
