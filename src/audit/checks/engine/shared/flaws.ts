// SPDX-License-Identifier: Apache-2.0
// Flaws of engines that let a container or its image act on the host, with the versions that ended them.
import type { EngineName } from '../../../facts/engine.ts';

/** When this list was last compared with the announcements of the engines. */
export const REVIEWED = '2025-03-01';

export interface EngineFlaw {
  readonly id: string;
  readonly what: string;
  /** First version with the fix on each line that got it, oldest first. */
  readonly fixed: readonly string[];
}

export const FLAWS: Readonly<Partial<Record<EngineName, readonly EngineFlaw[]>>> = {
  docker: [
    { id: 'CVE-2019-14271', what: 'docker cp runs code of the container as root', fixed: ['19.03.1'] },
    { id: 'CVE-2021-41091', what: 'users of the host reach files of containers', fixed: ['20.10.9'] },
    {
      id: 'CVE-2024-41110',
      what: 'a request without a body passes authorization plugins',
      fixed: ['23.0.15', '25.0.6', '26.1.5', '27.1.1'],
    },
    {
      id: 'CVE-2024-23651',
      what: 'a build with shared cache mounts reaches files of the host',
      fixed: ['24.0.9', '25.0.2'],
    },
  ],
  podman: [
    { id: 'CVE-2022-1227', what: 'podman top runs code of the container as root', fixed: ['4.0.0'] },
    { id: 'CVE-2024-1753', what: 'a build mounts directories of the host', fixed: ['4.9.4', '5.0.1'] },
    { id: 'CVE-2024-9341', what: 'a link of an image mounts a directory of the host', fixed: ['5.2.4'] },
  ],
};

const parts = (version: string): number[] => (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Is the version older than the fix? Where its own line (the first number) got one, that counts; else the newest line does. */
export function isBelow(version: string, fixed: readonly string[]): boolean {
  const own = parts(version);
  const line = fixed.map(parts).find(([first]) => first === own[0]);
  const newest = parts(fixed.at(-1) ?? '0');
  return compare(own, line ?? newest) < 0;
}
