// SPDX-License-Identifier: Apache-2.0
import type { Context } from './context.ts';
import type { SecurityOptions } from './options.ts';

/**
 * AppArmor or SELinux. This version loads no profile of its own: an AppArmor profile that is already loaded is used when
 * the request names it.
 * @throws SecureError CONTROL_UNAVAILABLE
 */
export function planLsm({ policy, host, reasons }: Context, { apparmor }: SecurityOptions): string | undefined {
  const { value: level, by } = policy.run.lsm;
  const control = 'lsm';
  if (apparmor !== undefined) {
    reasons.add({
      control,
      decision: `AppArmor ${apparmor}`,
      by,
      why: 'named by the request',
      required: level !== 'wished' && level !== 'off',
    });
    return apparmor;
  }
  if (level === 'off') {
    reasons.add({
      control,
      decision: 'off',
      by,
      why: 'the policy does not ask for it',
      required: false,
      status: 'off',
    });
    return undefined;
  }
  const enforced = host.appArmorEnforcing ? 'AppArmor' : host.seLinuxEnforcing ? 'SELinux' : undefined;
  const named = host.appArmorEnforcing ? 'name a loaded profile: --security-opt apparmor=docker-default; or ' : '';
  const landlock = policy.run['landlock.files'].value !== 'off' && host.landlockAbi > 0;
  reasons.offer({
    control,
    decision: 'none',
    by,
    why: 'no profile for the container',
    available: false,
    required: level === 'required' || (level === 'required-where-enforced' && enforced !== undefined),
    lacks:
      enforced === undefined
        ? 'this host enforces neither AppArmor nor SELinux'
        : `${enforced} is enforced here and no profile for the container was named`,
    hint: `${named}use a policy that only wishes for it: run: { lsm: wished }`,
    ...(landlock ? { compensatedBy: 'Landlock' } : {}),
  });
  return undefined;
}
