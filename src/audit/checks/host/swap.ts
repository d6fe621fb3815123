// SPDX-License-Identifier: Apache-2.0
import { problem, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const on = (path: string, kind: 'memory' | 'encrypted' | 'plain' | 'file') => ({ kernel: { swaps: [{ path, kind }] } });

export default {
  id: 'SEC-HOST-0019',
  title: 'Memory is not swapped to a disk in the clear',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'Secrets that containers keep in memory and on tmpfs end up on the disk, and stay there after the container and on the disk that is replaced.',
  remediation:
    "Run 'swapoff -a' and remove the line from /etc/fstab; or use zram, or a partition with a random key: 'swap PARTITION /dev/urandom swap,cipher=aes-xts-plain64' in /etc/crypttab.",
  references: ['https://man7.org/linux/man-pages/man5/crypttab.5.html'],
  examples: [
    { good: on('/dev/dm-1', 'encrypted'), bad: on('/dev/dm-1', 'plain') },
    { good: on('/dev/zram0', 'memory'), bad: on('/dev/zram0', 'plain') },
  ],
  check({ kernel: { swaps } }) {
    if (swaps === undefined) return unknown('no /proc of the running system is in this file tree');
    const plain = swaps.filter(({ kind }) => kind === 'plain');
    const file = swaps.find(({ kind }) => kind === 'file');
    if (plain.length === 0 && file !== undefined)
      return unknown(`whether the file system of ${file.path} is encrypted cannot be told`);
    return verdict(
      plain.map(({ path }) =>
        problem(path, `memory is swapped to ${path}, which is not encrypted`, { logical: path, path: 'proc/swaps' }),
      ),
    );
  },
} satisfies HostCheck;
