// SPDX-License-Identifier: Apache-2.0
// What every container may open, in the vocabulary of the OCI runtime specification.

export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

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

const opened = (major: number, minor: number): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' });
const ANY_NODE: readonly DeviceRule[] = [
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
];

/** Rules of the device controller: nothing but the standard devices and terminals. @param mknod any node may be made, and only these opened */
export const standardDeviceRules = (mknod: boolean): DeviceRule[] => [
  { allow: false, access: 'rwm' },
  ...(mknod ? ANY_NODE : []),
  ...STANDARD.map(([major, minor]) => opened(major, minor)),
  { allow: true, type: 'c', major: PTS_MAJOR, access: 'rwm' },
];

/** What docker, podman and containerd let every container open: the same, its console, and tun, which we do not give. */
export const USUAL_DEVICE_RULES: readonly DeviceRule[] = [
  ...ANY_NODE,
  ...STANDARD.map(([major, minor]) => opened(major, minor)),
  opened(5, 1),
  opened(10, 200),
  { allow: true, type: 'c', major: PTS_MAJOR, access: 'rwm' },
];
