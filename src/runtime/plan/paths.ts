// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import { beneath } from '../../policies/index.ts';

const LONGEST = 4095;

export function refusedMount(what: string, why: string, hint: string): SecureError {
  return new SecureError('MOUNT_REFUSED', `${what}: ${why}`, { hint });
}

/**
 * A place for a mount in the container, in one spelling. What lies over the kernel's interfaces would deceive everything
 * that relies on them (CVE-2019-16884); `..` is refused instead of being resolved, since no honest path needs it.
 * @throws SecureError MOUNT_REFUSED
 */
export function mountDestination(what: string, typed: string): string {
  const hint = 'name an absolute directory of the container such as /data';
  const path = typed.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!path.startsWith('/') || path.length > LONGEST || /[\u0000-\u001f\u007f]/.test(path)) {
    throw refusedMount(what, `the destination ${JSON.stringify(typed)} is no absolute path`, hint);
  }
  if (/\/\.{1,2}(\/|$)/.test(path)) throw refusedMount(what, `the destination ${typed} has a '.' or '..' in it`, hint);
  if (path === '/') throw refusedMount(what, 'it would cover the root', hint);
  for (const kernel of ['/proc', '/sys']) {
    if (beneath(kernel, path)) throw refusedMount(what, `nothing is mounted over ${kernel}`, hint);
  }
  if (beneath('/dev', path) && path !== '/dev/shm')
    throw refusedMount(what, 'the runtime makes /dev itself', 'of /dev only /dev/shm can be replaced');
  return path;
}
