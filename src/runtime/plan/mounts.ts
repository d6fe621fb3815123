// SPDX-License-Identifier: Apache-2.0
import { planBinds } from './binds.ts';
import { type Context, denied, invalid } from './context.ts';
import { refusedMount } from './paths.ts';
import type { Mount } from './spec.ts';
import { planTmpfs } from './tmpfs.ts';
import type { PlannedUser } from './user.ts';

const SHM_BYTES = 64 * 2 ** 20;
const GID_TTY = 5;

/** runtime-spec "Default Filesystems", as every engine mounts them; /sys and the control groups read-only. */
function kernelMounts(shmSize: number): Mount[] {
  const base = ['nosuid', 'noexec', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: base },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', `gid=${GID_TTY}`],
    },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...base, 'mode=1777', `size=${shmSize}`] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: base },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...base, 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...base, 'relatime', 'ro'] },
  ];
}

/** Whether the root is read-only. @throws SecureError POLICY_DENIED: the request wants it writable, the policy not. */
export function planReadOnly({ request, policy, reasons }: Context): boolean {
  const { value: fixed, by } = policy.run.readOnly;
  if (fixed && request.readOnly === false)
    throw denied('--read-only=false', by, 'use --tmpfs for directories that are written to');
  const readOnly = fixed || request.readOnly === true;
  const why = readOnly ? (fixed ? 'by policy' : 'asked for by the request') : 'the policy leaves it writable';
  reasons.add({
    control: 'rootfs',
    decision: readOnly ? 'read-only' : 'read-write',
    by,
    why,
    required: readOnly,
    status: readOnly ? 'enforced' : 'off',
  });
  return readOnly;
}

/** Where something may be written; kernel file systems and /dev apart. */
export function writableDestinations(mounts: readonly Mount[]): string[] {
  const kinds = ['tmpfs', 'mqueue', 'bind'];
  return mounts
    .filter(
      ({ type, destination, options }) => kinds.includes(type) && destination !== '/dev' && !options.includes('ro'),
    )
    .map(({ destination }) => destination);
}

const depth = (mount: Mount): number => mount.destination.split('/').length;

/** Parents before what is mounted in them; otherwise by name, so that equal requests give equal plans. */
function ordered(mounts: readonly Mount[]): Mount[] {
  return [...mounts].sort((a, b) => depth(a) - depth(b) || (a.destination < b.destination ? -1 : 1));
}

/**
 * Everything that is mounted, in order. A bind or tmpfs of the request takes the place of a declared one.
 * @throws SecureError MOUNT_REFUSED, POLICY_DENIED, INVALID_VALUE
 */
export function planMounts(
  context: Context,
  user: PlannedUser,
  readOnly: boolean,
  userNamespace: boolean,
  generated: readonly Mount[],
): Mount[] {
  const { shmSize = SHM_BYTES } = context.request.limits;
  if (!Number.isSafeInteger(shmSize) || shmSize < 1)
    throw invalid('--shm-size', String(shmSize), 'a whole number of bytes');
  const { requested, declared } = planTmpfs(context, user, readOnly);
  const asked = [...requested, ...planBinds(context, userNamespace)];
  const destinations = asked.map((mount) => mount.destination);
  const twice = destinations.find((path, i) => destinations.indexOf(path) !== i);
  if (twice !== undefined)
    throw refusedMount(`mount on ${twice}`, 'two mounts have the same destination', 'leave one out');
  const free = (mount: Mount): boolean => !destinations.includes(mount.destination);
  return [
    ...kernelMounts(shmSize).filter(free),
    ...ordered([...declared.filter(free), ...generated.filter(free), ...asked]),
  ];
}
