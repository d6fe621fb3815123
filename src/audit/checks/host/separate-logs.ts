// SPDX-License-Identifier: Apache-2.0
import { STORES } from '../../facts/host/files.ts';
import { mountOf } from '../../facts/host/mounts.ts';
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const mount = (point: string) => ({ point, type: 'ext4', source: '/dev/sda', options: ['rw'] });

export default {
  id: 'SEC-HOST-0107',
  title: 'Containers cannot fill the disk of the logs',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.1.11', 'CIS-DIL-2.0:1.1.12', 'NIST-800-190:4.5.5'],
  rationale:
    'Where images and logs share a file system, a container that writes until it is full also stops the log of what it did.',
  remediation:
    "Give the store of the engine, or /var/log, a file system of its own ('lvcreate -n log -L 10G VG && mkfs.ext4 /dev/VG/log') by a line in /etc/fstab.",
  references: ['https://man7.org/linux/man-pages/man5/fstab.5.html'],
  examples: [
    { good: { mounts: [mount('/'), mount('/var/log')] }, bad: { mounts: [mount('/'), mount('/srv')] } },
    { good: { mounts: [mount('/'), mount('/var/lib/docker')] }, bad: { mounts: [mount('/'), mount('/var')] } },
  ],
  check({ mounts, files, auditd }) {
    const stores = STORES.filter((path) => files[path] != null);
    if (stores.length === 0) return notApplicable('no engine keeps containers here');
    if (mounts === undefined) return unknown('no /proc of the running system is in this file tree');
    const logs = ['/var/log', ...(auditd.installed ? ['/var/log/audit'] : [])];
    return verdict(
      logs.flatMap((log) => {
        const store = stores.find((path) => mountOf(mounts, path)?.point === mountOf(mounts, log)?.point);
        return store === undefined
          ? []
          : [problem(log, `${log} is on the file system that ${store} is on`, fileLocation(log))];
      }),
    );
  },
} satisfies HostCheck;
