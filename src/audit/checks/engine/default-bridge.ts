// SPDX-License-Identifier: Apache-2.0
import { notApplicable } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

const bridge = (interContainer: boolean) => ({
  networks: [{ name: 'bridge', driver: 'bridge', encrypted: false, interContainer, builtin: true }],
});

export default {
  id: 'SEC-ENGINE-0005',
  title: 'Containers on its default bridge cannot reach each other',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.2', 'NIST-800-190:4.3.3'],
  rationale:
    'On the default bridge every container reaches each port of every other one, published or not: one that was taken over goes on to the next. This asks for the bridge that is there; the file may have been changed since.',
  remediation:
    'Set "icc": false in daemon.json and restart docker; give containers that belong together a network of their own.',
  references: ['https://docs.docker.com/engine/network/drivers/bridge/'],
  examples: [{ good: bridge(false), bad: bridge(true) }],
  check: (facts) =>
    known(facts, 'networks', (networks) => {
      const found = networks.filter(
        ({ name, driver, builtin }) => builtin && driver === 'bridge' && ['bridge', 'podman'].includes(name),
      );
      if (found.length === 0) return notApplicable('it has no default bridge');
      return found
        .filter(({ interContainer }) => interContainer !== false)
        .map(({ name }) => ofEngine(facts, name, `containers on the network ${name} reach each other`, name));
    }),
} satisfies EngineCheck;
