// SPDX-License-Identifier: Apache-2.0
import { mountOf } from '../../facts/host/mounts.ts';
import { problem, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What each needs; programs do start from /tmp, of package managers too, and none from /dev/shm. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  '/tmp': ['nodev', 'nosuid'],
  '/var/tmp': ['nodev', 'nosuid'],
  '/dev/shm': ['nodev', 'nosuid', 'noexec'],
};
const mount = (point: string, ...options: readonly string[]) => ({ point, type: 'tmpfs', source: 'tmpfs', options });
const others = [mount('/var/tmp', 'nodev', 'nosuid'), mount('/dev/shm', 'nodev', 'nosuid', 'noexec')];

export default {
  id: 'SEC-HOST-0077',
  title: 'Directories that everybody writes to take no devices and no set-user-ID programs',
  severity: 'low',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:1.1.2',
    'CIS-DIL-2.0:1.1.3',
    'CIS-DIL-2.0:1.1.4',
    'CIS-DIL-2.0:1.1.7',
    'CIS-DIL-2.0:1.1.8',
    'CIS-DIL-2.0:1.1.9',
    'CIS-DIL-2.0:1.1.15',
    'CIS-DIL-2.0:1.1.16',
    'CIS-DIL-2.0:1.1.17',
    'CIS-Docker-1.6:1.2.1',
  ],
  rationale:
    'A flaw that writes one file as root is root when that file may be a set-user-ID program or a device; and what fills /tmp fills the disk of the system where both are one.',
  remediation:
    "Write a line for each that is named into /etc/fstab, such as 'tmpfs /tmp tmpfs nosuid,nodev,size=2G 0 0' or '/tmp /var/tmp none rbind,nosuid,nodev 0 0', and mount it.",
  references: ['https://man7.org/linux/man-pages/man8/mount.8.html'],
  examples: [
    {
      good: { mounts: [...others, mount('/tmp', 'nodev', 'nosuid')] },
      bad: { mounts: [...others, mount('/tmp', 'nodev', 'suid')] },
    },
    { good: { mounts: [...others, mount('/tmp', 'nodev', 'nosuid')] }, bad: { mounts: others } },
  ],
  check({ mounts: all }) {
    if (all === undefined) return unknown('no /proc of the running system is in this file tree');
    return verdict(
      Object.entries(WANTED).flatMap(([path, options]) => {
        const mount = mountOf(all, path);
        if (mount === undefined || mount.point !== path)
          return [problem(path, `${path} is no file system of its own`, fileLocation(path))];
        const missing = options.filter((option) => !mount.options.includes(option));
        if (missing.length === 0) return [];
        return [problem(path, `${path} is mounted without ${missing.join(' and ')}`, fileLocation(path))];
      }),
    );
  },
} satisfies HostCheck;
