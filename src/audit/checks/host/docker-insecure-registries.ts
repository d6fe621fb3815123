// SPDX-License-Identifier: Apache-2.0

import { LOOPBACK } from '../../loopback.ts';
import { quoted } from '../../verdicts.ts';
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0033',
  title: 'Docker talks to no registry without TLS',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.5', 'NIST-800-190:4.2.1'],
  rationale: 'Whoever is on the way to such a registry replaces images and reads credentials.',
  remediation:
    'Give the registry a certificate, put its CA into /etc/docker/certs.d/HOST:PORT/ca.crt, remove "insecure-registries" in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://distribution.github.io/distribution/about/insecure/'],
  examples: [
    {
      good: daemon('insecure-registries', ['127.0.0.0/8']),
      bad: daemon('insecure-registries', ['registry.example:5000']),
    },
    { good: daemon('insecure-registries', ['127.0.0.1:5000']), bad: daemon('insecure-registries', ['127.0.0.0/1']) },
    { good: daemon('insecure-registries', ['[::1]:5000']), bad: daemon('insecure-registries', ['127.example:5000']) },
  ],
  check: (facts) =>
    docker(facts, 'insecure-registries', (value) => {
      const others = (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
        (one) => !LOOPBACK.test(String(one)),
      );
      return others.length === 0 ? null : `it trusts ${quoted(others.join(' '))} without TLS`;
    }),
} satisfies HostCheck;
