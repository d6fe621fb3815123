// SPDX-License-Identifier: Apache-2.0
import { engineSocket } from '../../places.ts';
import { unknown } from '../../verdicts.ts';
import { type ComposeCheck, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0004',
  title: 'No socket of an engine or of the system manager is mounted',
  severity: 'critical',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.32', 'NIST-800-190:4.4.4'],
  rationale:
    'Through such a socket a program inside starts a container with the root of the host in it. `:ro` does not prevent it: connecting is no writing.',
  remediation:
    'Remove the volume and `use_api_socket`. Give what needs to know about containers a proxy that answers only reading requests, on a network of its own.',
  references: ['https://docs.docker.com/engine/security/#docker-daemon-attack-surface'],
  examples: [
    { good: service('volumes: [/srv/web:/x]'), bad: service('volumes: [/var/run/docker.sock:/x]') },
    { good: service('volumes: ["/srv/web:/x:ro"]'), bad: service('volumes: ["/run/containerd:/x:ro"]') },
    { good: service('use_api_socket: false'), bad: service('use_api_socket: true') },
  ],
  check(facts) {
    if (facts.apiSocket === null)
      return unknown(`use_api_socket of ${facts.name} depends on a variable that has no default`);
    return wrongs(facts, [
      ...(facts.apiSocket
        ? [['/use_api_socket', 'it gets the socket of the engine: control of the host'] as const]
        : []),
      ...facts.mounts.flatMap(({ type, source, target }) => {
        const socket = type === 'bind' ? engineSocket(source) : undefined;
        return socket === undefined
          ? []
          : [
              [
                '/volumes',
                `${source} of the host, mounted on ${target}, gives ${socket}: control of the host`,
                `/volumes/${source}`,
              ] as const,
            ];
      }),
    ]);
  },
} satisfies ComposeCheck;
