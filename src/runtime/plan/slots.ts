// SPDX-License-Identifier: Apache-2.0
// What differs from one run to the next, and so is filled in natively. See docs/plan.md, "Slots".
import type { PlannedLsm } from './lsm.ts';
import type { NetworkSpec, Slot } from './spec.ts';

interface Open {
  readonly userNamespace: boolean;
  readonly hostname: boolean;
  /** Index of HOSTNAME in the environment, when it is to be filled. */
  readonly hostnameEnv: number | undefined;
  readonly name: boolean;
  readonly network: NetworkSpec | null;
  readonly selinux: PlannedLsm['selinux'];
  /** Of generated files, in them and in the mounts. */
  readonly files: readonly Slot[];
}

/** Native code fills the n-th `host-port` with the n-th free port, so their order is that of the ports. */
function networkSlots({ address6, ports }: NetworkSpec): Slot[] {
  return [
    { at: '/secure/network/address4', type: 'address4' },
    ...(address6 === null ? [] : [{ at: '/secure/network/address6', type: 'address6' } as const]),
    ...ports.flatMap(({ hostPort }, i): Slot[] =>
      hostPort === 0 ? [{ at: `/secure/network/ports/${i}/hostPort`, type: 'host-port' }] : [],
    ),
  ];
}

export function planSlots({ userNamespace, hostname, hostnameEnv, name, network, selinux, files }: Open): Slot[] {
  const slots: Slot[] = [];
  if (userNamespace) {
    slots.push({ at: '/linux/uidMappings/0/hostID', type: 'range-start' });
    slots.push({ at: '/linux/gidMappings/0/hostID', type: 'range-start' });
  }
  if (hostname) slots.push({ at: '/hostname', type: 'id-short' });
  if (hostnameEnv !== undefined)
    slots.push({ at: `/process/env/${hostnameEnv}`, type: 'id-short', prefix: 'HOSTNAME=' });
  slots.push({ at: '/linux/cgroupsPath', type: 'cgroup-path' });
  if (name) slots.push({ at: '/secure/name', type: 'name' });
  slots.push({ at: '/secure/logPath', type: 'log-path' });
  slots.push({ at: '/secure/upperDir', type: 'upper-dir' });
  slots.push({ at: '/secure/workDir', type: 'work-dir' });
  slots.push({ at: '/annotations/org.opencontainers.image.created', type: 'created' });
  if (network !== null) slots.push(...networkSlots(network));
  if (selinux !== undefined) {
    slots.push({ at: '/process/selinuxLabel', type: 'mcs', prefix: `system_u:system_r:${selinux.domain}:s0:` });
    slots.push({ at: '/linux/mountLabel', type: 'mcs', prefix: `system_u:object_r:${selinux.fileType}:s0:` });
  }
  slots.push(...files);
  return slots;
}
