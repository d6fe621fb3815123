// SPDX-License-Identifier: Apache-2.0

import { commandLine, isOff, isOn, without } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const WORDS = new Set([
  ...['nokaslr', 'nosmep', 'nosmap', 'norandmaps', 'no_hash_pointers', 'arm64.nobti', 'arm64.nopauth', 'arm64.nomte'],
  'arm64.nogcs',
]);
const is =
  (...values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);
const WRONG: Readonly<Record<string, (value: string) => boolean>> = {
  hardened_usercopy: isOff,
  'slab_common.usercopy_fallback': (value) => value === '' || isOn(value),
  hash_pointers: is('never'),
  // On arm64 there is `noalias`, which is the strictest.
  rodata: is('off', '0', 'n'),
  noexec: isOff,
  iommu: (value) => value.split(',').includes('off'),
  enforcing: is('0'),
  cfi: is('off'),
  // Code at an address that is the same everywhere; `xonly` is enough for programs of old images, and cannot be read.
  vsyscall: is('native', 'emulate'),
  // 1 is the code for 32-bit programs, which lies anywhere; 2 was the old form, at a fixed address.
  vdso: is('2'),
  vdso32: is('2'),
  sysrq_always_enabled: (value) => !isOff(value),
};

export default {
  id: 'SEC-HOST-0064',
  title: 'No protection of the kernel is switched off at the start',
  severity: 'high',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:1.5.2', 'CIS-DIL-2.0:1.6.2.1', 'CIS-DIL-2.0:1.6.3.1', 'CIS-Docker-1.6:1.2.1'],
    'NIST-800-190:4.5.1',
  ],
  rationale:
    'Each of these makes a flaw of the kernel that is hard to use an easy one, or takes the module away that confines containers.',
  remediation: 'Remove the parameter from GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    { good: commandLine('quiet'), bad: commandLine('nokaslr') },
    { good: commandLine('hardened_usercopy=on'), bad: commandLine('hardened_usercopy=off') },
    { good: commandLine('vsyscall=xonly'), bad: commandLine('vsyscall=emulate') },
    { good: commandLine('vdso32=1'), bad: commandLine('vdso32=2') },
    { good: commandLine('noexec=on'), bad: commandLine('noexec=off') },
    {
      good: { kernel: { appArmor: 'absent', seLinux: 'enforcing', commandLine: ['apparmor=0'] } },
      bad: { kernel: { appArmor: 'absent', seLinux: 'absent', commandLine: ['apparmor=0'] } },
    },
    { good: commandLine('lsm=landlock,yama,apparmor'), bad: commandLine('lsm=yama,apparmor') },
  ],
  check: (facts) =>
    without(facts, (name, value) => {
      const { appArmor, seLinux } = facts.kernel;
      // Of the two one is enough.
      if (name === 'apparmor' && value === '0' && seLinux !== 'enforcing') return 'AppArmor is off';
      if (name === 'selinux' && value === '0' && appArmor !== 'enforcing') return 'SELinux is off';
      if (WORDS.has(name)) return 'a protection of the kernel is off';
      if (Object.hasOwn(WRONG, name) && WRONG[name]?.(value) === true) return 'a protection of the kernel is off';
      return name === 'lsm' && !value.split(',').includes('landlock') ? 'Landlock is left out' : undefined;
    }),
} satisfies HostCheck;
