// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

const USUAL = ['', '/docker', 'docker', 'system.slice', 'docker.slice'];

export default {
  id: 'SEC-HOST-0050',
  title: "Containers of docker are in docker's own control group",
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.10'],
  rationale:
    'In another group than the usual one, limits that somebody set for docker do not hold, and monitoring does not find its containers.',
  remediation:
    'Remove "cgroup-parent" in /etc/docker/daemon.json and run \'systemctl restart docker\', or write down why it is another one.',
  references: ['https://docs.docker.com/reference/cli/dockerd/#default-cgroup-parent'],
  examples: [{ good: daemon('cgroup-parent', '/docker'), bad: daemon('cgroup-parent', '/elsewhere') }],
  check: (facts) =>
    docker(facts, 'cgroup-parent', (value) =>
      value === undefined || USUAL.includes(String(value)) ? null : `cgroup-parent is ${quoted(value)}`,
    ),
} satisfies HostCheck;
