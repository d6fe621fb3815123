// SPDX-License-Identifier: Apache-2.0
// The kinds of machine that the lab boots, each by its kernel command line and what init makes of `lab.*`.

export const FORMS = ['v2', 'plain', 'selinux', 'apparmor'] as const;
export type Form = (typeof FORMS)[number];

/**
 * `lsm=` names the modules in order, so that each form has exactly what it says. `lab.cgroup`: which hierarchy init mounts.
 */
export const COMMAND_LINES: Readonly<Record<Form, string>> = {
  // As a current distribution without a major module: one hierarchy with all controllers, and Landlock.
  v2: 'lsm=landlock,lockdown,yama lab.cgroup=v2',
  apparmor: 'lsm=landlock,lockdown,yama,apparmor apparmor=1 lab.cgroup=v2',
  selinux: 'lsm=landlock,lockdown,yama,selinux selinux=1 lab.cgroup=v2',
  // As little as a kernel of 2022 can be built with: every controller in v1, and no Landlock.
  plain: 'lsm=lockdown,yama lab.cgroup=v1',
};

export function isForm(name: string): name is Form {
  return (FORMS as readonly string[]).includes(name);
}
