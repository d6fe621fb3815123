// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { type ComposeCheck, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0002',
  title: 'No service is built with the rights of the host',
  severity: 'high',
  target: 'compose',
  frameworks: ['NIST-800-190:4.1.5'],
  rationale:
    'A build runs what its base images and packages bring along; privileged, or in the network of the host, one of them has the host.',
  remediation: 'Remove `build.privileged`, `build.entitlements` and `build.network: host`.',
  references: ['https://docs.docker.com/reference/compose-file/build/'],
  examples: [
    {
      good: service('build:\n  context: .\n  privileged: false'),
      bad: service('build:\n  context: .\n  privileged: true'),
    },
    { good: service('build:\n  context: .\n  network: none'), bad: service('build:\n  context: .\n  network: host') },
    {
      good: service('build:\n  context: .\n  entitlements: []'),
      bad: service('build:\n  context: .\n  entitlements: [security.insecure]'),
    },
  ],
  check(facts) {
    const { privileged, entitlements, network } = facts.build;
    if (privileged === null)
      return unknown(`build.privileged of ${facts.name} depends on a variable that has no default`);
    return wrongs(facts, [
      ...(privileged ? [['/build/privileged', 'it is built privileged'] as const] : []),
      ...(network === 'host' ? [['/build/network', 'it is built in the network of the host'] as const] : []),
      ...entitlements.map(
        (one) => ['/build/entitlements', `its build may ask for ${one}`, `/build/entitlements/${one}`] as const,
      ),
    ]);
  },
} satisfies ComposeCheck;
