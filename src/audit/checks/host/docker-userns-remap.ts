// SPDX-License-Identifier: Apache-2.0
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0036',
  title: 'Root in a container of docker is not root on the host',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.9', 'NIST-800-190:4.4.3'],
  rationale:
    'Docker shares the user namespace of the host: what leaves a container, by a bug of the kernel or a mounted path, is root there.',
  remediation:
    'Set "userns-remap": "default" in /etc/docker/daemon.json (images have to be pulled again; their files lie below another directory) and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/security/userns-remap/'],
  examples: [
    { good: daemon('userns-remap', 'default'), bad: daemon('userns-remap', '') },
    { good: daemon('userns-remap', 'default'), bad: daemon('userns-remap', undefined) },
  ],
  check: (facts) =>
    docker(
      facts,
      'userns-remap',
      (value) =>
        typeof value === 'string' && value !== ''
          ? null
          : 'userns-remap is not set: root in containers is root on the host',
      'docker runs without root here: root in its containers is the user who runs it',
    ),
} satisfies HostCheck;
