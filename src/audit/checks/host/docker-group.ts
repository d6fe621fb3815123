// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0026',
  title: 'Nobody is root by way of the group docker',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.1.2', 'NIST-800-190:4.5.4'],
  rationale:
    'A member starts containers with any path of the host in them, as root: sudo without a password and without a log.',
  remediation:
    "Run 'gpasswd --delete NAME docker' for each one, and use sudo, rootless docker or 'secure' instead. For those who are meant to be root, write an exception with a reason.",
  references: [
    'https://docs.docker.com/engine/install/linux-postinstall/',
    'https://docs.docker.com/engine/security/rootless/',
  ],
  examples: [{ good: { dockerGroup: [] }, bad: { dockerGroup: ['alice'] } }],
  check({ dockerGroup }) {
    if (dockerGroup === null) return unknown('/etc/group cannot be read');
    if (dockerGroup === undefined) return notApplicable('there is no group docker');
    return verdict(
      dockerGroup.map((name) =>
        problem(name, `${quoted(name)} is in the group docker`, { logical: '/etc/group', path: 'etc/group' }),
      ),
    );
  },
} satisfies HostCheck;
