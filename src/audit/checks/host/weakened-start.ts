// SPDX-License-Identifier: Apache-2.0

import { commandLine, without } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const WORDS = new Set(['nokaslr', 'nosmep', 'nosmap', 'norandmaps', 'arm64.nobti', 'arm64.nopauth', 'arm64.nomte']);
const OFF: Readonly<Record<string, RegExp>> = {
  hardened_usercopy: /^(?:off|0)$/,
  rodata: /^off$/,
  iommu: /^off$/,
  apparmor: /^0$/,
  selinux: /^0$/,
  enforcing: /^0$/,
  cfi: /^off$/,
  vdso32: /^1$/,
  sysrq_always_enabled: /^1?$/,
};

export default {
  id: 'SEC-HOST-0064',
  title: 'No protection of the kernel is switched off at the start',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Each of these makes a flaw of the kernel that is hard to use an easy one, or takes the module away that confines containers.',
  remediation: 'Remove the parameter from GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    { good: commandLine('quiet'), bad: commandLine('nokaslr') },
    { good: commandLine('hardened_usercopy=on'), bad: commandLine('hardened_usercopy=off') },
    { good: commandLine('apparmor=1'), bad: commandLine('apparmor=0') },
    { good: commandLine('lsm=landlock,yama,apparmor'), bad: commandLine('lsm=yama,apparmor') },
  ],
  check: (facts) =>
    without(facts, (name, value) => {
      if (WORDS.has(name)) return 'a protection of the kernel is off';
      if (name in OFF && OFF[name]?.test(value) === true) return 'a protection of the kernel is off';
      return name === 'lsm' && !value.split(',').includes('landlock') ? 'Landlock is left out' : undefined;
    }),
} satisfies HostCheck;
