// SPDX-License-Identifier: Apache-2.0
// Which Linux security modules are active, and whether the two that label processes enforce.

export interface LsmSources {
  /** /sys/kernel/security/lsm; '' when securityfs is not mounted. */
  readonly list: string;
  /** /sys/module/apparmor/parameters/enabled; '' when absent. */
  readonly appArmorEnabled: string;
  /** /sys/fs/selinux/enforce; '' when absent. */
  readonly seLinuxEnforce: string;
  readonly landlock: boolean;
}
export interface LsmFacts {
  readonly lsms: string[];
  readonly appArmorEnforcing: boolean;
  readonly seLinuxEnforcing: boolean;
}

/**
 * The list is the kernel's own where securityfs shows it. Without it a module counts as active where the kernel shows it otherwise,
 * so a container of ours is never told that a label is in force which is not.
 */
export function lsmFacts(sources: LsmSources): LsmFacts {
  const appArmor = sources.appArmorEnabled.trim() === 'Y';
  const enforce = sources.seLinuxEnforce.trim();
  const named = sources.list.trim();
  const seen = [
    ...(sources.landlock ? ['landlock'] : []),
    ...(appArmor ? ['apparmor'] : []),
    ...(enforce === '' ? [] : ['selinux']),
  ];
  const lsms = named === '' ? seen : named.split(',');
  return {
    lsms,
    appArmorEnforcing: appArmor && lsms.includes('apparmor'),
    seLinuxEnforcing: enforce === '1' && lsms.includes('selinux'),
  };
}
