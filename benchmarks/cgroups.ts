// SPDX-License-Identifier: Apache-2.0
// Views of the control groups, each only in a mount namespace of one's own: the host's hierarchies are not touched.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A script in a mount namespace of its own, and in others by `options` of unshare(1). @returns its exit code. */
export function runAlone(script: string, words: readonly string[], options: readonly string[] = []): number {
  const namespaces = [...options, '--mount', '--propagation', 'private'];
  return spawnSync('unshare', [...namespaces, process.execPath, script, ...words], { stdio: 'inherit' }).status ?? 1;
}

const ROOT = '/sys/fs/cgroup';

function mounts(type: 'cgroup' | 'cgroup2'): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => line.includes(` - ${type} `)).map((line) => line.split(' ')[4] ?? '');
}

export const isV1 = (): boolean => mounts('cgroup').length > 0;

export const isHybrid = (): boolean => isV1() && mounts('cgroup2').length > 0;

/** Without v2 where there is v1 too, as crun refuses the two side by side. */
export function leaveHybrid(): void {
  if (isHybrid()) for (const mount of mounts('cgroup2')) execFileSync('umount', [mount]);
}

/** Of a hybrid layout v2 alone, with the few controllers that v1 leaves to it. */
export function onlyV2(): void {
  if (!isHybrid()) return;
  const [v2 = ''] = mounts('cgroup2');
  execFileSync('mount', ['--move', v2, '/mnt']);
  execFileSync('umount', ['-l', ROOT]);
  execFileSync('mount', ['--move', '/mnt', ROOT]);
}
