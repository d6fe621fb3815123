// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofManager } from './shared/swarm.ts';

/** That of swarm itself, ninety days. */
const MOST = 90 * 24;

export default {
  id: 'SEC-ENGINE-0014',
  title: 'Certificates of nodes are replaced within ninety days',
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.7'],
  rationale:
    'The certificate of a node that was copied is good until it ends, and with it whoever has it is a node, or a manager.',
  remediation:
    "Run 'docker swarm update --cert-expiry 48h', or what suits the time that a node may be away, at most 2160h.",
  references: ['https://docs.docker.com/engine/swarm/how-swarm-mode-works/pki/'],
  examples: [
    {
      good: { swarm: { manager: { certificateHours: 2160 } } },
      bad: { swarm: { manager: { certificateHours: 2161 } } },
    },
    { good: { swarm: { manager: { certificateHours: 48 } } }, bad: { swarm: { manager: { certificateHours: 0 } } } },
  ],
  check: (facts) =>
    ofManager(facts, ({ certificateHours }) =>
      certificateHours > 0 && certificateHours <= MOST
        ? []
        : [ofEngine(facts, 'certificates', `certificates of nodes are good for ${certificateHours} hours`)],
    ),
} satisfies EngineCheck;
