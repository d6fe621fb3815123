// SPDX-License-Identifier: Apache-2.0
import { mountOf } from '../../facts/host/mounts.ts';
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const root = (option: string) => [{ point: '/', type: 'ext4', source: '/dev/sda1', options: [option] }];

export default {
  id: 'SEC-HOST-0110',
  title: 'Somebody notices when programs of the system are replaced',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.3.1', 'CIS-DIL-2.0:1.3.2', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'Who gets out of a container stays by changing a program that root starts. Nothing shows that, unless the files are compared with what they were, or cannot be written at all.',
  remediation:
    "Run 'apt-get install aide && aideinit' (or 'dnf install aide && aide --init'), leave the stores of engines out (`!/var/lib/docker`), and 'systemctl enable --now dailyaidecheck.timer', or mount /usr read-only as systems for containers do.",
  references: ['https://aide.github.io/', 'https://docs.kernel.org/admin-guide/device-mapper/verity.html'],
  examples: [
    {
      good: { integrity: { programs: ['aide'], scheduled: true } },
      bad: { integrity: { programs: ['aide'], scheduled: false } },
    },
    {
      good: { integrity: { programs: [], scheduled: false }, mounts: root('ro') },
      bad: { integrity: { programs: [], scheduled: false }, mounts: root('rw') },
    },
  ],
  check({ integrity, mounts }) {
    if (mounts !== undefined && mountOf(mounts, '/usr')?.options.includes('ro')) return PASS;
    if (integrity === undefined) return NOT_COLLECTED;
    const { programs, scheduled } = integrity;
    const location = { logical: 'file integrity', path: 'usr' };
    const [first] = programs;
    if (first === undefined)
      return fails(problem('programs', '/usr can be written, and no program compares its files', location));
    if (scheduled === null) return unknown('what cron starts cannot be read: audit as root');
    return scheduled ? PASS : fails(problem(first, `nothing starts ${first} in time`, location));
  },
} satisfies HostCheck;
