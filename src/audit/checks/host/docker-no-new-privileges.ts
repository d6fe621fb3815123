// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0037',
  title: 'Containers of docker cannot gain privileges by default',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.14', 'CIS-Docker-1.6:5.26', 'NIST-800-190:4.4.3'],
  rationale: 'Each set-user-id program of an image makes whoever runs it root inside.',
  remediation: 'Set "no-new-privileges": true in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/reference/cli/dockerd/'],
  examples: [
    { good: daemon('no-new-privileges', true), bad: daemon('no-new-privileges', false) },
    { good: daemon('no-new-privileges', true), bad: daemon('no-new-privileges', undefined) },
  ],
  check: (facts) =>
    docker(facts, 'no-new-privileges', (value) =>
      value === true ? null : `no-new-privileges is ${value === undefined ? 'not set, so false' : quoted(value)}`,
    ),
  fix: daemonFix(['no-new-privileges'], true, {
    risk: 'set-user-id programs of every container that does not say otherwise, sudo and ping among them, run as who starts them',
  }),
} satisfies HostCheck;
