// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0022',
  title: 'No mount spreads to the host',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.20', 'NIST-800-190:4.4.4'],
  rationale: 'What a container mounts below such a volume appears on the host and in other containers.',
  remediation: 'Remove `shared` and `rshared` from the volume.',
  references: [`${SERVICES}#volumes`],
  examples: [
    { good: service('volumes: ["/srv/web:/x:rslave"]'), bad: service('volumes: ["/srv/web:/x:rshared"]') },
    {
      good: service('volumes:\n  - type: bind\n    source: /srv/web\n    target: /x\n    bind: {propagation: private}'),
      bad: service('volumes:\n  - type: bind\n    source: /srv/web\n    target: /x\n    bind: {propagation: shared}'),
    },
  ],
  check: (facts) =>
    wrongs(
      facts,
      facts.mounts.flatMap(({ source, target, propagation }) =>
        /^r?shared$/.test(propagation)
          ? [
              [
                '/volumes',
                `mounts below ${target} appear on the host: ${source} is ${propagation}`,
                `/volumes/${source}`,
              ] as const,
            ]
          : [],
      ),
    ),
} satisfies ComposeCheck;
