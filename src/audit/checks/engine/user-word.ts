// SPDX-License-Identifier: Apache-2.0
import { notApplicable, verdict } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0020',
  title: 'What an engine of a user says of itself is what the machine says',
  severity: 'high',
  target: 'engine',
  frameworks: ['NIST-800-190:4.5.4'],
  rationale:
    'A user can have anything listen on his socket, and let it say that it is the engine of the machine, with everything in order. Where its word is not what the kernel says of its socket and its files, nothing of it is believed.',
  remediation:
    "See what listens there ('ss -xlp src PATH') and ask the user what for. A socket of the system's engine that was moved into a directory of a user goes back to /run; an engine in a virtual machine of the user's is audited in there.",
  references: ['https://docs.docker.com/engine/security/rootless/'],
  examples: [
    {
      good: { contradictions: [] },
      bad: { contradictions: ['it says that it runs as root, and its socket is one of alice'] },
    },
  ],
  check(facts) {
    if (facts.contradictions?.length > 0)
      return verdict(facts.contradictions.map((what, i) => ofEngine(facts, `word ${i + 1}`, what)));
    // A record of an earlier version says nothing of users.
    return known(facts, 'info', () => (facts.user == null ? notApplicable('it is that of root') : []));
  },
} satisfies EngineCheck;
