// SPDX-License-Identifier: Apache-2.0
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0042',
  title: 'Logs of containers of docker cannot fill the disk',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.13'],
  rationale:
    'The default driver keeps everything that a container prints for ever: one that prints without end stops everything on the host that needs to write.',
  remediation:
    'Set "log-opts": {"max-size": "10m", "max-file": "3"} in /etc/docker/daemon.json, or "log-driver": "local" or "journald" and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/logging/drivers/json-file/'],
  examples: [
    { good: daemon('log-opts', { 'max-size': '10m' }), bad: daemon('log-opts', { 'max-size': undefined }) },
    { good: daemon('log-opts', ['max-size=10m']), bad: daemon('log-opts', ['max-file=3']) },
  ],
  check: (facts) =>
    docker(facts, 'log-opts', (value) => {
      const driver = facts.docker.settings['log-driver']?.value;
      if (driver !== undefined && driver !== 'json-file') return null;
      const size = Array.isArray(value)
        ? value.some((one) => /^max-size=./.test(String(one)))
        : typeof (value as Record<string, unknown> | undefined)?.['max-size'] === 'string';
      return size ? null : 'logs have no max-size';
    }),
} satisfies HostCheck;
