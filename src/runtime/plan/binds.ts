// SPDX-License-Identifier: Apache-2.0
// Paths of the host in the container. Each is mapped through the container's user namespace and never recursive: what is
// mounted beneath the source stays out.
import { beneath, ENGINE_SOCKET, NEVER_MOUNTED, pathWithin } from '../../policies/index.ts';
import { type Context, denied } from './context.ts';
import { mountDestination, refusedMount } from './paths.ts';
import type { Mount } from './spec.ts';
import type { VolumeRequest } from './types.ts';

/** Other programs' names for what every mount here is. */
const IMPLIED = ['nosuid', 'nodev', 'bind', 'idmap', 'private', 'rprivate'];

function checkSource(context: Context, { source }: VolumeRequest, what: string): void {
  const { policy, roots } = context;
  const { value: deny, by } = policy.run['binds.deny'];
  const hint = 'mount a directory of its own that holds only what the container needs';
  if (!source.startsWith('/') || /\/\.{0,2}(\/|$)/.test(source === '/' ? '' : source))
    throw refusedMount(what, `the source ${JSON.stringify(source)} is not a resolved path`, hint);
  if (ENGINE_SOCKET.test(source))
    throw refusedMount(what, `${source} is an engine's socket, and as good as root on the host`, hint);
  for (const path of [...NEVER_MOUNTED, roots.state, roots.run, ...deny]) {
    if (path !== '/' && beneath(path, source))
      throw refusedMount(what, `${source} is in ${path}, which is never given to a container`, hint);
    if (beneath(source, path))
      throw refusedMount(
        what,
        `${source} contains ${path}, which is never given to a container (${by.policy}:${by.line})`,
        hint,
      );
  }
  const allowed = policy.run['binds.sources'];
  if (allowed.value.some((pattern) => pathWithin(pattern, source))) return;
  const wider = policy.ceilings['binds.sources']?.value ?? [];
  const grantable = wider.some((pattern) => pathWithin(pattern, source));
  throw denied(
    what,
    allowed.by,
    grantable
      ? `a policy of your own may grant it: binds: { sources: [${source}] }`
      : 'use --tmpfs, or a profile that mounts host paths',
  );
}

/** Read-only unless the policy is generous or `rw` was asked for and may be. */
function access(context: Context, { options }: VolumeRequest, what: string): { option: 'ro' | 'rw'; why: string } {
  const { value: rule, by } = context.policy.run['binds.access'];
  const [rw, ro] = [options.includes('rw'), options.includes('ro')];
  if (rw && ro) throw refusedMount(what, 'it is both ro and rw', 'give one of them');
  if (rw && rule === 'read-only') throw denied(`${what} read-write`, by, 'mount it read-only');
  if (rw) return { option: 'rw', why: 'rw was asked for' };
  if (ro) return { option: 'ro', why: 'ro was asked for' };
  if (rule === 'read-write') return { option: 'rw', why: 'the policy gives mounts read-write' };
  return { option: 'ro', why: rule === 'ask' ? 'read-only unless rw is asked for (:rw)' : 'read-only by policy' };
}

function planBind(context: Context, volume: VolumeRequest): Mount {
  const what = `-v ${volume.source}:${volume.destination}`;
  const destination = mountDestination(what, volume.destination);
  checkSource(context, volume, what);
  const unknown = volume.options.find((option) => !['ro', 'rw', 'exec', 'noexec', ...IMPLIED].includes(option));
  if (unknown !== undefined)
    throw refusedMount(what, `the option ${JSON.stringify(unknown)} is not available`, 'options are ro, rw, noexec');
  const { option, why } = access(context, volume, what);
  const writableProgram = context.policy.run.noexec.value && option === 'rw';
  const noexec = volume.options.includes('noexec') || writableProgram;
  if (writableProgram && volume.options.includes('exec')) {
    throw denied(`${what} with exec`, context.policy.run.noexec.by, 'mount programs read-only');
  }
  const options = ['bind', 'nosuid', 'nodev', ...(noexec ? ['noexec'] : []), option];
  const decision = `${volume.source} on ${destination}: ${options.slice(1).join(',')}`;
  context.reasons.add({ control: 'bind', decision, by: context.policy.run['binds.access'].by, why });
  return { destination, type: 'bind', source: volume.source, options };
}

/** @throws SecureError MOUNT_REFUSED, POLICY_DENIED */
export function planBinds(context: Context, userNamespace: boolean): Mount[] {
  return context.request.volumes.map((volume) => {
    const mount = planBind(context, volume);
    return userNamespace ? { ...mount, options: [...mount.options, 'idmap'] } : mount;
  });
}
