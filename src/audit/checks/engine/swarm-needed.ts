// SPDX-License-Identifier: Apache-2.0
import { PASS, unknown } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0007',
  title: 'Swarm mode is on only where it is used',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:5.1', 'NIST-800-190:4.3.1'],
  rationale:
    'A manager opens ports to the network through which whoever has a token or a certificate starts containers on every node. Where no service runs that is risk for nothing.',
  remediation: "Run 'docker swarm leave --force' on a node that runs no service.",
  references: ['https://docs.docker.com/engine/swarm/swarm-mode/'],
  examples: [
    {
      good: { swarm: { manager: { services: [{ name: 'web', exposed: [], secrets: 0 }] } } },
      bad: { swarm: { manager: { services: [] } } },
    },
  ],
  check: (facts) =>
    known(facts, 'swarm', ({ active, manager }) => {
      if (!active) return PASS;
      if (manager === null) return unknown('it is a worker: whether it is needed its managers know');
      return manager.services.length > 0
        ? PASS
        : [ofEngine(facts, 'swarm', 'swarm mode is on, and no service runs in it')];
    }),
} satisfies EngineCheck;
