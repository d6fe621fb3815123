// SPDX-License-Identifier: Apache-2.0

import { LOOPBACK } from '../../loopback.ts';
import { quoted } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0004',
  title: 'It talks to every registry with TLS',
  severity: 'high',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.5', 'NIST-800-190:4.2.1'],
  rationale: 'Whoever is on the way to such a registry replaces images and reads credentials.',
  remediation:
    'Give the registry a certificate and remove it from "insecure-registries" in daemon.json, or "insecure = true" in registries.conf; then reload the engine.',
  references: ['https://distribution.github.io/distribution/about/insecure/'],
  examples: [
    {
      good: { info: { insecureRegistries: ['127.0.0.0/8'] } },
      bad: { info: { insecureRegistries: ['registry.example:5000'] } },
    },
  ],
  check: (facts) =>
    known(facts, 'info', ({ insecureRegistries }) =>
      insecureRegistries
        .filter((one) => !LOOPBACK.test(one))
        .map((one) => ofEngine(facts, one, `it trusts the registry ${quoted(one)} without TLS`)),
    ),
} satisfies EngineCheck;
