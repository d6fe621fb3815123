// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, ofEngine } from './shared/check.ts';
import { ofManager } from './shared/swarm.ts';

const service = (exposed: readonly { name: string; why: string }[]) => ({
  swarm: { manager: { services: [{ name: 'db', exposed, secrets: 1 }] } },
});

export default {
  id: 'SEC-ENGINE-0012',
  title: 'Services get their secrets as secrets',
  severity: 'high',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:7.4', 'NIST-800-190:4.1.4'],
  rationale:
    'An environment variable is shown by docker inspect, inherited by every program in the container, and stands in the log of whatever prints its environment. What swarm keeps as a secret is encrypted, and a file in memory.',
  remediation:
    "'docker secret create NAME FILE', 'docker service update --secret-add NAME --env-rm VARIABLE SERVICE', and let the program read /run/secrets/NAME. Replace the secret, which is known by now.",
  references: ['https://docs.docker.com/engine/swarm/secrets/'],
  examples: [{ good: service([]), bad: service([{ name: 'DB_PASSWORD', why: 'its name says that it is a secret' }]) }],
  check: (facts) =>
    ofManager(facts, ({ services }) =>
      services.flatMap(({ name, exposed }) =>
        [...new Map(exposed.map((one) => [one.name, one])).values()].map((one) =>
          ofEngine(
            facts,
            `${name} ${one.name}`,
            `the service ${name} has a secret in its environment: ${one.name}, ${one.why}`,
            name,
          ),
        ),
      ),
    ),
} satisfies EngineCheck;
