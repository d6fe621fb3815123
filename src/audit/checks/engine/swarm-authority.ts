// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofManager } from './shared/swarm.ts';

const DAYS = 365;

export default {
  id: 'SEC-ENGINE-0015',
  title: "The swarm's own authority was replaced within a year",
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.8'],
  rationale:
    'Whoever got the key of the authority, from a manager, a backup or a disk that was given away, makes himself certificates until it is replaced; swarm makes one for twenty years.',
  remediation: "Run 'docker swarm ca --rotate'; nodes get new certificates by themselves.",
  references: ['https://docs.docker.com/engine/swarm/how-swarm-mode-works/pki/'],
  examples: [
    {
      good: { swarm: { manager: { authoritySince: '2025-06-02T00:00:00Z' } } },
      bad: { swarm: { manager: { authoritySince: '2025-05-31T00:00:00Z' } } },
    },
  ],
  check: (facts) =>
    ofManager(facts, ({ authoritySince }) => {
      if (authoritySince === null) return unknown('the swarm shows no certificate of its authority');
      const days = Math.floor((Date.parse(facts.collected) - Date.parse(authoritySince)) / 86_400_000);
      return days > DAYS ? [ofEngine(facts, 'authority', `the authority of the swarm is ${days} days old`)] : [];
    }),
} satisfies EngineCheck;
