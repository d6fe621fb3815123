// SPDX-License-Identifier: Apache-2.0
import { notApplicable } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

const overlay = (encrypted: boolean) => ({
  networks: [{ name: 'services', driver: 'overlay', encrypted, interContainer: null, builtin: false }],
});

export default {
  id: 'SEC-ENGINE-0011',
  title: 'Networks between nodes are encrypted',
  severity: 'high',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.3', 'NIST-800-190:4.3.3'],
  rationale:
    'Between nodes an overlay network is plain UDP: whoever is on the way reads what containers say to each other, and joins in.',
  remediation:
    "Make the network again with '--opt encrypted', and its services with it. That of docker for published ports: 'docker network rm ingress', then 'docker network create --ingress --driver overlay --opt encrypted ingress'.",
  references: ['https://docs.docker.com/engine/network/drivers/overlay/'],
  examples: [{ good: overlay(true), bad: overlay(false) }],
  check: (facts) =>
    known(facts, 'networks', (networks) => {
      const overlays = networks.filter(({ driver }) => driver === 'overlay');
      if (overlays.length === 0) return notApplicable('it has no network between nodes');
      return overlays
        .filter(({ encrypted }) => !encrypted)
        .map(({ name }) => ofEngine(facts, name, `the network ${name} between nodes is not encrypted`, name));
    }),
} satisfies EngineCheck;
