// SPDX-License-Identifier: Apache-2.0
// Which control-group hierarchies can be used here. cgroups(7).
import type { HostFacts } from '../plan/types.ts';
import { type Mount, parseMountinfo } from './mountinfo.ts';

const V1_CONTROLLERS: ReadonlySet<string> = new Set([
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'misc',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'rdma',
]);

/**
 * Mode and controllers from mountinfo. A read-only hierarchy (inside another container) cannot hold a container of ours and does
 * not count. `v2Controllers` reads `cgroup.controllers` of a version 2 mount.
 */
export function cgroupFacts(mountinfo: string, v2Controllers: (mountPoint: string) => string): HostFacts['cgroup'] {
  const writable = parseMountinfo(mountinfo).filter((mount) => !mount.readOnly);
  const v1 = writable.filter((mount) => mount.fsType === 'cgroup');
  const v2 = writable.filter((mount) => mount.fsType === 'cgroup2');
  const controllers = new Set<string>([
    ...v1.flatMap((mount: Mount) => mount.superOptions.filter((option) => V1_CONTROLLERS.has(option))),
    ...v2.flatMap((mount) => v2Controllers(mount.mountPoint).split(/\s+/)),
  ]);
  controllers.delete('');
  return { mode: mode(v1.length > 0, v2.length > 0), controllers: [...controllers].sort() };
}

function mode(v1: boolean, v2: boolean): HostFacts['cgroup']['mode'] {
  if (v1) return v2 ? 'hybrid' : 'v1';
  return v2 ? 'v2' : 'none';
}
