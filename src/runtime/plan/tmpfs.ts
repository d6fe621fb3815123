// SPDX-License-Identifier: Apache-2.0
// Writable places on a read-only root, and the ones that were asked for.
import { tmpfsOwnership } from '../../policies/index.ts';
import { type Context, denied, invalid } from './context.ts';
import { mountDestination, refusedMount } from './paths.ts';
import type { Mount } from './spec.ts';
import type { TmpfsRequest } from './types.ts';
import type { PlannedUser } from './user.ts';

/** tmpfs(5). Ids and mount flags are decided here. */
const FS_OPTION = /^(size=\d{1,15}[kmg%]?|mode=0?[0-7]{3,4}|nr_inodes=\d{1,12}[kmg]?)$/i;
const FLAGS = ['rw', 'ro', 'nosuid', 'nodev', 'noexec', 'exec', 'noatime', 'relatime'];

function planned(destination: string, noexec: boolean, more: readonly string[]): Mount {
  return {
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', ...(noexec ? ['noexec'] : []), ...more],
  };
}

function requested(context: Context, { destination: typed, options }: TmpfsRequest): Mount {
  const what = `--tmpfs ${typed}`;
  const destination = mountDestination(what, typed);
  for (const option of options) {
    if (!FLAGS.includes(option) && !FS_OPTION.test(option))
      throw invalid(what, option, 'one of size=, mode=, nr_inodes=, ro, noexec');
  }
  const { value: fixed, by } = context.policy.run.noexec;
  if (fixed && options.includes('exec'))
    throw denied(`${what} with exec`, by, 'writable places cannot hold programs under this policy');
  if (options.includes('exec') && options.includes('noexec'))
    throw refusedMount(what, 'it is both exec and noexec', 'give one of them');
  // Docker's default: what nobody asks to run programs from cannot run them.
  const noexec = !options.includes('exec');
  const kept = options.filter((option) => !['rw', 'exec', 'noexec', 'nosuid', 'nodev'].includes(option));
  const mode = kept.some((option) => option.startsWith('mode=')) ? [] : ['mode=1777'];
  context.reasons.add({
    control: 'tmpfs',
    decision: `${destination}${noexec ? ' noexec' : ''}`,
    by,
    why: 'asked for by the request',
  });
  return planned(destination, noexec, [...kept, ...mode]);
}

/**
 * On a writable root only what the workload declares: its user is not the one that the image's directories were made for.
 */
function ofWorkload(context: Context, user: PlannedUser): Mount[] {
  const { workload, policy, reasons } = context;
  const { value: paths, by } = workload?.grants.writable ?? { value: [], by: policy.run.writable.by };
  if (paths.length === 0 || user.uid === 0) return [];
  const why = 'empty directories in memory, which the user of the workload can write to';
  reasons.add({ control: 'writable', decision: paths.join(' '), by, why, required: false });
  return paths.map((path) => planned(path, policy.run.noexec.value, tmpfsOwnership(path, user)));
}

/** A directory of its own for each path that the policy, the workload or the image declares as written to. */
function declared(context: Context, user: PlannedUser): Mount[] {
  const { policy, image, reasons } = context;
  const { value: noexec } = policy.run.noexec;
  const writable = policy.run.writable;
  const paths = writable.value
    .filter((path) => !path.endsWith('/**'))
    .map((path) => mountDestination('writable', path));
  const volumes = image.config.volumes.map((path) => mountDestination(`VOLUME of ${image.reference}`, path));
  const extra = [...new Set(volumes)].filter((path) => !paths.includes(path));
  const flags = noexec ? 'nosuid,nodev,noexec' : 'nosuid,nodev';
  reasons.add({
    control: 'writable',
    decision: `${paths.join(' ') || 'none'} (${flags})`,
    by: writable.by,
    why: 'empty directories in memory on the read-only root',
  });
  if (extra.length > 0) {
    const why = 'the image declares them as volumes; empty, in memory, gone with the container';
    reasons.add({ control: 'volumes', decision: `${extra.join(' ')} (${flags})`, by: writable.by, why });
  }
  return [...paths, ...extra].map((path) => planned(path, noexec, tmpfsOwnership(path, user)));
}

/** @throws SecureError MOUNT_REFUSED, POLICY_DENIED, INVALID_VALUE */
export function planTmpfs(
  context: Context,
  user: PlannedUser,
  readOnly: boolean,
): { requested: Mount[]; declared: Mount[] } {
  return {
    requested: context.request.tmpfs.map((tmpfs) => requested(context, tmpfs)),
    declared: readOnly ? declared(context, user) : ofWorkload(context, user),
  };
}
