// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0038',
  title: 'Containers of docker outlive an update of the daemon',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.15'],
  rationale: 'Where an update of dockerd stops every container it is put off, and with it the fixes.',
  remediation:
    'Set "live-restore": true in /etc/docker/daemon.json (not together with swarm mode) and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/daemon/live-restore/'],
  examples: [{ good: daemon('live-restore', true), bad: daemon('live-restore', false) }],
  check: (facts) =>
    docker(
      facts,
      'live-restore',
      (value) =>
        value === true ? null : `live-restore is ${value === undefined ? 'not set, so false' : quoted(value)}`,
      'docker runs without root here: its containers are in the namespaces of the daemon, and end with it',
    ),
  fix: daemonFix(['live-restore'], true),
} satisfies HostCheck;
