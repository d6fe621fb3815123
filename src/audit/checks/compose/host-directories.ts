// SPDX-License-Identifier: Apache-2.0
import { hostDirectory } from '../../places.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0005',
  title: 'No directory that the host lives from is mounted',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.6', 'PSS-Baseline:hostPath', 'NIST-800-190:4.4.4'],
  rationale:
    'Mounted /etc gives password hashes and keys, /proc and /sys switches of the kernel, the stores of engines the files of every other container; writable, each of them is the host.',
  remediation:
    'Mount the one file or directory that is needed, from a place made for it such as /srv/NAME, and read-only, or use a named volume.',
  references: [`${SERVICES}#volumes`],
  examples: [
    { good: service('volumes: [/srv/web:/x]'), bad: service('volumes: [/etc:/x]') },
    { good: service('volumes: ["./site:/x"]'), bad: service('volumes: ["/:/x"]') },
    {
      good: service(
        'volumes:\n  - type: bind\n    source: /etc/localtime\n    target: /etc/localtime\n    read_only: true',
      ),
      bad: service(
        'volumes:\n  - type: bind\n    source: /etc/localtime\n    target: /etc/localtime\n    read_only: false',
      ),
    },
  ],
  check: (facts) =>
    wrongs(
      facts,
      facts.mounts.flatMap(({ type, source, target, readOnly }) => {
        const directory =
          type === 'bind' && source.startsWith('/') ? hostDirectory(source, readOnly === true) : undefined;
        if (directory === undefined) return [];
        const whose = directory === '/' ? 'the whole host' : `${directory} belongs to the host`;
        return [
          [
            '/volumes',
            `${source} of the host is ${readOnly === true ? 'readable' : 'writable'} on ${target}: ${whose}`,
            `/volumes/${source}`,
          ] as const,
        ];
      }),
    ),
} satisfies ComposeCheck;
