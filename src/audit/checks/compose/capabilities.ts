// SPDX-License-Identifier: Apache-2.0
import { BASELINE } from '../container/shared/capabilities.ts';
import { type ComposeCheck, capability, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0006',
  title: 'No capability is added that containers do not have',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.4', 'PSS-Baseline:capabilities', 'NIST-800-190:4.4.3'],
  rationale:
    'SYS_ADMIN mounts, SYS_PTRACE reads the memory of others, SYS_MODULE loads code into the kernel, NET_ADMIN rewrites the firewall: with many of them a container is root of its host.',
  remediation: 'Remove it from `cap_add`. What needs it belongs into a service of its own that does nothing else.',
  references: [`${SERVICES}#cap_add`, 'https://man7.org/linux/man-pages/man7/capabilities.7.html'],
  examples: [
    { good: service('cap_add: [CHOWN]'), bad: service('cap_add: [SYS_ADMIN]') },
    { good: service('cap_add: [cap_kill]'), bad: service('cap_add: [all]') },
  ],
  check(facts) {
    const more = facts.capabilities.add.map(capability).filter((name) => !BASELINE.has(name));
    return wrongs(
      facts,
      more.map((name) => ['/cap_add', `it gets ${name}, which containers do not have`, `/cap_add/${name}`]),
    );
  },
} satisfies ComposeCheck;
