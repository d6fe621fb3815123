// SPDX-License-Identifier: Apache-2.0
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0001',
  title: 'The engine itself does not run as root',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'Whoever takes over a daemon that runs as root, or may use its socket, is root on the host. Without root he is one user of it.',
  remediation:
    "Docker: 'dockerd-rootless-setuptool.sh install' as the user that is to own the containers, then stop the system's daemon. podman: run it as that user, without sudo.",
  references: ['https://docs.docker.com/engine/security/rootless/'],
  examples: [{ good: { info: { rootless: true } }, bad: { info: { rootless: false } } }],
  check: (facts) =>
    known(facts, 'info', ({ rootless }) =>
      rootless ? [] : [ofEngine(facts, 'root', `${facts.engine} runs as root of the host`)],
    ),
} satisfies EngineCheck;
