// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0051',
  title: 'Docker keeps the size of containers that it has by default',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.11'],
  rationale:
    'A larger base device lets each container take that much of the disk that all of them share; it cannot be made smaller again.',
  remediation:
    'Remove "dm.basesize" from "storage-opts" in /etc/docker/daemon.json, move off devicemapper, and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/reference/cli/dockerd/'],
  examples: [{ good: daemon('storage-opts', ['overlay2.size=20G']), bad: daemon('storage-opts', ['dm.basesize=50G']) }],
  check: (facts) =>
    docker(facts, 'storage-opts', (value) => {
      const found = (Array.isArray(value) ? value : [value]).find((one) => /^dm\.basesize=/.test(String(one ?? '')));
      return found === undefined ? null : `storage-opts has ${quoted(found)}`;
    }),
} satisfies HostCheck;
