// SPDX-License-Identifier: Apache-2.0
import type { Context } from './context.ts';
import type { CapabilitySets, DeviceRule } from './spec.ts';

/** null, zero, full, random, urandom, tty, ptmx: Documentation/admin-guide/devices.txt of Linux. */
const STANDARD: readonly (readonly [major: number, minor: number])[] = [
  [1, 3],
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0],
  [5, 2],
];
const PTS_MAJOR = 136;

/**
 * What the device controller lets the container open; the nodes of the standard six are made by the runtime. With
 * CAP_MKNOD any node may be made, as images do when they unpack themselves, but only these can be opened.
 */
export function deviceRules({ policy, reasons }: Context, capabilities: CapabilitySets): DeviceRule[] {
  const { by } = policy.run.devices;
  reasons.add({
    control: 'devices',
    decision: 'standard',
    by,
    why: 'null, zero, full, random, urandom, tty and own terminals',
  });
  const mknod: DeviceRule[] = capabilities.bounding.includes('CAP_MKNOD')
    ? [
        { allow: true, type: 'c', access: 'm' },
        { allow: true, type: 'b', access: 'm' },
      ]
    : [];
  return [
    { allow: false, access: 'rwm' },
    ...mknod,
    ...STANDARD.map(([major, minor]): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
    { allow: true, type: 'c', major: PTS_MAJOR, access: 'rwm' },
  ];
}
