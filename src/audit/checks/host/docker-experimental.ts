// SPDX-License-Identifier: Apache-2.0
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0041',
  title: 'Docker runs no experimental features',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.18'],
  rationale: 'What is experimental has not been reviewed like the rest and changes without notice.',
  remediation: 'Remove "experimental": true in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/reference/cli/dockerd/'],
  examples: [{ good: daemon('experimental', false), bad: daemon('experimental', true) }],
  check: (facts) => docker(facts, 'experimental', (value) => (value === true ? 'experimental is true' : null)),
  fix: daemonFix(['experimental'], undefined, { risk: 'what uses an experimental feature fails' }),
} satisfies HostCheck;
