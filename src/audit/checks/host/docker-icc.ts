// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0030',
  title: 'Containers on the default bridge of docker cannot reach each other',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.2', 'NIST-800-190:4.3.3'],
  rationale:
    'On docker0 every container reaches each port of every other one, published or not: one that was taken over goes on to the next.',
  remediation: 'Set "icc": false in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/network/drivers/bridge/'],
  examples: [
    { good: daemon('icc', false), bad: daemon('icc', true) },
    { good: daemon('icc', false), bad: daemon('icc', undefined) },
  ],
  check: (facts) =>
    docker(facts, 'icc', (value) =>
      value === false
        ? null
        : `icc is ${value === undefined ? 'not set, so true' : quoted(value)}: containers reach each other on docker0`,
    ),
  fix: daemonFix(['icc'], false, { risk: 'containers on the default bridge that talk to each other cannot any more' }),
} satisfies HostCheck;
