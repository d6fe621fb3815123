// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Unmount cgroup v2 where there is v1 too, as crun refuses the two side by side. Only in a mount namespace of one's own: the
 * host's hierarchies are not touched.
 */
export function leaveHybrid(): void {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  if (!lines.some((line) => line.includes(' - cgroup '))) return;
  for (const line of lines.filter((text) => text.includes(' - cgroup2 ')))
    execFileSync('umount', [line.split(' ')[4] ?? '']);
}
