// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0039',
  title: 'Docker starts no proxy process for each port',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.16'],
  rationale:
    'The proxy runs as root for every published port and hides the address of the peer from the program and its log.',
  remediation: 'Set "userland-proxy": false in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/network/port-publishing/'],
  examples: [
    { good: daemon('userland-proxy', false), bad: daemon('userland-proxy', true) },
    { good: daemon('userland-proxy', false), bad: daemon('userland-proxy', undefined) },
  ],
  check: (facts) =>
    docker(
      facts,
      'userland-proxy',
      (value) =>
        value === false ? null : `userland-proxy is ${value === undefined ? 'not set, so true' : quoted(value)}`,
      'docker runs without root here: its proxy is what opens published ports outside of its network, and runs as the user',
    ),
  fix: daemonFix(['userland-proxy'], false, {
    risk: 'a published port is not reached from the host by ::1, nor by a container by the address of its host on some kernels',
  }),
} satisfies HostCheck;
