// SPDX-License-Identifier: Apache-2.0
import { STORES } from '../../facts/host/files.ts';
import { mountOf } from '../../facts/host/mounts.ts';
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const mount = (point: string) => ({ point, type: 'ext4', source: '/dev/sda', options: ['rw'] });

export default {
  id: 'SEC-HOST-0028',
  title: 'Containers have a file system apart from that of the system',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.1.6', 'CIS-Docker-1.6:1.1.1'],
  rationale:
    'Images, logs and what containers write fill the disk: on that of the system nothing can be logged, updated or logged in to any more.',
  remediation:
    "Make a file system of its own ('lvcreate -n containers -L 50G VG && mkfs.ext4 /dev/VG/containers'), stop the engine, move the directory's content, and mount it there by a line in /etc/fstab.",
  references: [
    'https://docs.docker.com/engine/daemon/#configure-the-data-directory-location',
    'https://www.cisecurity.org/benchmark/docker',
  ],
  examples: [
    { good: { mounts: [mount('/'), mount('/var/lib/docker')] }, bad: { mounts: [mount('/')] } },
    { good: { mounts: [mount('/'), mount('/var')] }, bad: { mounts: [mount('/'), mount('/var/log')] } },
  ],
  check({ mounts, files }) {
    const stores = STORES.filter((path) => files[path] != null);
    if (stores.length === 0) return notApplicable('no engine keeps containers here');
    if (mounts === undefined) return unknown('no /proc of the running system is in this file tree');
    return verdict(
      stores
        .filter((path) => (mountOf(mounts, path)?.point ?? '/') === '/')
        .map((path) => problem(path, `${path} is on the file system of the system`, fileLocation(path))),
    );
  },
} satisfies HostCheck;
