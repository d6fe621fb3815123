// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0031',
  title: 'The log of docker tells enough, and no secrets',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.3'],
  rationale:
    'Above info nothing is left to find out what happened; debug writes requests with their environment variables.',
  remediation: 'Set "log-level": "info" in /etc/docker/daemon.json, or remove it and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/daemon/logs/'],
  examples: [{ good: daemon('log-level', 'info'), bad: daemon('log-level', 'debug') }],
  check: (facts) =>
    docker(facts, 'log-level', (value) =>
      value === undefined || value === 'info' ? null : `log-level is ${quoted(value)}, not info`,
    ),
  fix: daemonFix(['log-level'], 'info'),
} satisfies HostCheck;
