// SPDX-License-Identifier: Apache-2.0
import { standardDeviceRules } from '../../profiles/devices/index.ts';
import type { Context } from './context.ts';
import type { CapabilitySets, DeviceRule } from './spec.ts';

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
  return standardDeviceRules(capabilities.bounding.includes('CAP_MKNOD'));
}
