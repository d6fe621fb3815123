// SPDX-License-Identifier: Apache-2.0
import { daemon, daemonFix, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

const nofile = (hard: number) => ({ nofile: { Name: 'nofile', Soft: 1024, Hard: hard } });

export default {
  id: 'SEC-HOST-0049',
  title: 'Docker limits what its containers may open and start by default',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.8'],
  rationale:
    'Without a default a container has the limits of the daemon, which are none: one that leaks files or processes takes those of the host.',
  remediation:
    'Set "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 65536}} in /etc/docker/daemon.json and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/reference/cli/dockerd/'],
  examples: [
    { good: daemon('default-ulimits', nofile(65536)), bad: daemon('default-ulimits', nofile(-1)) },
    { good: daemon('default-ulimits', ['nofile=1024:65536']), bad: daemon('default-ulimits', ['core=0']) },
    { good: daemon('default-ulimits', nofile(65536)), bad: daemon('default-ulimits', undefined) },
  ],
  check: (facts) =>
    docker(facts, 'default-ulimits', (value) => {
      const hard = Array.isArray(value)
        ? /^nofile=\d+(?::(\d+))?$/.exec(String(value.findLast((one) => /^nofile=/.test(String(one))) ?? ''))
        : (value as Record<string, { Hard?: unknown } | undefined> | undefined)?.nofile;
      const limited = Array.isArray(hard)
        ? true
        : typeof hard === 'object' && hard !== null && Number((hard as { Hard?: unknown }).Hard) > 0;
      return limited ? null : 'default-ulimits does not limit open files';
    }),
  fix: daemonFix(
    ['default-ulimits', 'nofile'],
    { Name: 'nofile', Soft: 1024, Hard: 4096 },
    { risk: 'a program that opens more than 1024 files, or more than 4096 where it raises its limit, fails' },
  ),
} satisfies HostCheck;
