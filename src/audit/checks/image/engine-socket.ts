// SPDX-License-Identifier: Apache-2.0
import { isEngineSocket } from '../../sockets.ts';
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0016',
  title: 'The socket of a container engine is no volume',
  severity: 'high',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:5.32'],
  rationale: 'Whoever reaches the socket of the engine starts a container with every right on the host: it is root.',
  remediation: 'Build the image without that VOLUME; what has to see containers gets a proxy that only reads.',
  references: ['https://docs.docker.com/engine/security/#docker-daemon-attack-surface'],
  examples: [{ good: { config: { volumes: ['/data'] } }, bad: { config: { volumes: ['/var/run/docker.sock'] } } }],
  check(facts) {
    const found = facts.config.volumes.filter((path) => isEngineSocket(path.replace(/\/+$/, '')));
    return judge(found.map((path) => ofImage(facts, path, `the volume ${path} is where an engine is controlled`)));
  },
} satisfies ImageCheck;
