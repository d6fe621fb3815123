// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0042',
  title: 'Logs of containers of docker cannot fill the disk',
  severity: 'medium',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.3'],
  rationale:
    'The default driver keeps everything that a container prints for ever: one that prints without end stops everything on the host that needs to write.',
  remediation:
    'Set "log-opts": {"max-size": "10m", "max-file": "3"} in /etc/docker/daemon.json, or "log-driver": "local" or "journald" and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/logging/drivers/json-file/'],
  examples: [
    { good: daemon('log-opts', { 'max-size': '10m' }), bad: daemon('log-opts', { 'max-size': undefined }) },
    // Without a bound, in docker's words.
    { good: daemon('log-opts', { 'max-size': '10m' }), bad: daemon('log-opts', { 'max-size': '-1' }) },
    { good: daemon('log-opts', ['max-size=10m']), bad: daemon('log-opts', ['max-file=3']) },
  ],
  check: (facts) =>
    docker(facts, 'log-opts', (value) => {
      const driver = facts.docker.settings['log-driver']?.value;
      if (driver !== undefined && driver !== 'json-file') return null;
      const size: unknown = Array.isArray(value)
        ? /^max-size=(.*)$/s.exec(String(value.findLast((one) => /^max-size=/.test(String(one)))))?.[1]
        : (value as Record<string, unknown> | null | undefined)?.['max-size'];
      if (size === undefined) return 'logs have no max-size';
      return typeof size === 'string' && /^[1-9]/.test(size) ? null : `max-size of logs is ${quoted(size)}: no bound`;
    }),
  fix: daemonFix(['log-opts', 'max-size'], '10m', {
    // With one file alone it is cut, and what was last said is gone.
    more: ({ docker }) =>
      Object.hasOwn(Object(docker.settings['log-opts']?.value), 'max-file')
        ? []
        : [{ kind: 'docker', at: ['log-opts', 'max-file'], value: '3' }],
  }),
} satisfies HostCheck;
