// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0017',
  title: 'No port below 1024 of the host is taken',
  severity: 'low',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.8', 'NIST-800-190:4.3.3'],
  rationale: 'Who connects to such a port takes it for a service of the host itself.',
  remediation: 'Publish on a port of 1024 and above, and put what is for everybody behind a proxy.',
  references: [`${SERVICES}#ports`],
  examples: [{ good: service('ports: ["127.0.0.1:8443:443"]'), bad: service('ports: ["127.0.0.1:443:443"]') }],
  check: (facts) =>
    wrongs(
      facts,
      facts.ports.flatMap(({ hostPort }) =>
        hostPort !== null && hostPort > 0 && hostPort < 1024
          ? [['/ports', `port ${hostPort} of the host leads to it`, `/ports/${hostPort}`] as const]
          : [],
      ),
    ),
} satisfies ComposeCheck;
