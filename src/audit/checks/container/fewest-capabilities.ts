// SPDX-License-Identifier: Apache-2.0
import { unknown, verdict } from '../../verdicts.ts';
import { BASELINE, capabilitiesOf } from './shared/capabilities.ts';
import { about, type ContainerCheck } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0002',
  title: 'It holds no capability but NET_BIND_SERVICE',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.4', 'PSS-Restricted:capabilities'],
  rationale:
    'A program that needs no capability loses nothing without them, and whoever takes it over then cannot change owners, become another user or ignore file permissions inside.',
  remediation:
    "Run it with 'secure run --profile strict', or with '--cap-drop ALL' and a '--cap-add' for each one that it fails without.",
  references: [
    'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    'https://man7.org/linux/man-pages/man7/capabilities.7.html',
  ],
  examples: [
    {
      good: { proof: { capabilities: { actual: 'bounding: CAP_NET_BIND_SERVICE; permitted: none' } } },
      bad: { proof: { capabilities: { actual: 'bounding: CAP_SETUID; permitted: none' } } },
    },
  ],
  check(facts) {
    const held = capabilitiesOf(facts);
    if (held === undefined) return unknown('the capabilities of its process could not be read');
    // Those beyond the baseline are SEC-CONTAINER-0001's.
    const spare = held.filter((name) => BASELINE.has(name) && name !== 'CAP_NET_BIND_SERVICE');
    const message = `it can use ${spare.length} capabilities that only some programs need: ${spare.join(' ')}`;
    return verdict(spare.length === 0 ? [] : [about(facts, 'capabilities', message)]);
  },
} satisfies ContainerCheck;
