// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofManager } from './shared/swarm.ts';

export default {
  id: 'SEC-ENGINE-0013',
  title: 'Managers of the swarm start locked',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.5', 'NIST-800-190:4.3.4'],
  rationale:
    "Without autolock the keys of the swarm's secrets lie beside them on the disk of each manager, and in its backups.",
  remediation: "Run 'docker swarm update --autolock=true' and keep the key that it prints where no manager is.",
  references: ['https://docs.docker.com/engine/swarm/swarm_manager_locking/'],
  examples: [{ good: { swarm: { manager: { autoLock: true } } }, bad: { swarm: { manager: { autoLock: false } } } }],
  check: (facts) =>
    ofManager(facts, ({ autoLock }) =>
      autoLock ? [] : [ofEngine(facts, 'autolock', 'managers need no key to start: it lies on their disks')],
    ),
} satisfies EngineCheck;
