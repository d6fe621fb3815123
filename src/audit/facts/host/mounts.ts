// SPDX-License-Identifier: Apache-2.0
// Mounts, and which file system a path is on.
import { mountLines } from '../../../mountinfo.ts';

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** The mounts of a mountinfo text. */
export function parseMounts(text: string): Mount[] {
  return mountLines(text).map(({ point, type, source, options }) => ({ point, type, source, options }));
}

/** The mount that `path`, absolute and without links, is on: the longest mount point above it, of equals the last. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const above = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (above && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

export type CgroupMode = 'none' | 'v1' | 'v2' | 'hybrid';

export function cgroupMode(mounts: readonly Mount[]): CgroupMode {
  const [v1, v2] = ['cgroup', 'cgroup2'].map((type) => mounts.some((mount) => mount.type === type));
  if (v1) return v2 ? 'hybrid' : 'v1';
  return v2 ? 'v2' : 'none';
}
