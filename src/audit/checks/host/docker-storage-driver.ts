// SPDX-License-Identifier: Apache-2.0
import { daemon, docker } from './shared/docker.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0034',
  title: 'Docker uses a storage driver that is maintained',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:2.6'],
  rationale:
    'aufs, devicemapper and overlay without 2 were removed from the kernel or from docker and get no fixes; vfs keeps every layer as a whole copy.',
  remediation:
    'Remove "storage-driver" in /etc/docker/daemon.json (overlay2 is the default; images have to be pulled again) and run \'systemctl restart docker\'.',
  references: ['https://docs.docker.com/engine/storage/drivers/select-storage-driver/'],
  examples: [{ good: daemon('storage-driver', 'overlay2'), bad: daemon('storage-driver', 'aufs') }],
  check: (facts) =>
    docker(facts, 'storage-driver', (value) =>
      typeof value === 'string' && ['aufs', 'devicemapper', 'overlay', 'vfs'].includes(value)
        ? `storage-driver is ${value}`
        : null,
    ),
} satisfies HostCheck;
