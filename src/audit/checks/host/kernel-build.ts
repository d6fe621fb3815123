// SPDX-License-Identifier: Apache-2.0

import { builtWith, config, isOn, type Option, parameters, set, unset } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const every = (...names: readonly string[]): Record<string, Option> =>
  Object.fromEntries(names.map((name) => [name, set()]));

/** Namespaces and filters are what containers are made of, so that a kernel without is none for them. */
const WANTED: Readonly<Record<string, Option>> = {
  ...every('BUG', 'VMAP_STACK', 'FORTIFY_SOURCE', 'HARDENED_USERCOPY', 'SLAB_FREELIST_RANDOM'),
  ...every('SLAB_FREELIST_HARDENED', 'RANDOMIZE_BASE', 'THREAD_INFO_IN_TASK', 'SECCOMP', 'SECCOMP_FILTER'),
  ...every('USER_NS', 'PID_NS', 'NET_NS', 'SECURITY'),
  SECURITY_LANDLOCK: set({ since: '5.13' }),
  STRICT_KERNEL_RWX: set({ or: ['DEBUG_RODATA'] }),
  STRICT_MODULE_RWX: set({ or: ['DEBUG_SET_MODULE_RONX'], needs: ['MODULES'] }),
  STACKPROTECTOR: set({ or: ['CC_STACKPROTECTOR', 'CC_STACKPROTECTOR_AUTO', 'CC_STACKPROTECTOR_STRONG'] }),
  STACKPROTECTOR_STRONG: set({ or: ['CC_STACKPROTECTOR_STRONG'] }),
  STACKPROTECTOR_PER_TASK: set({ on: 'ARM64', since: '5.0' }),
  RANDOMIZE_MEMORY: set({ on: 'X86_64' }),
  RANDOMIZE_MODULE_REGION_FULL: set({ on: 'ARM64', needs: ['MODULES'], until: '6.5' }),
  RODATA_FULL_DEFAULT_ENABLED: set({ on: 'ARM64', since: '5.0' }),
  HARDENED_USERCOPY_DEFAULT_ON: set({ since: '6.15', needs: ['HARDENED_USERCOPY'] }),
  STRICT_DEVMEM: set({ needs: ['DEVMEM'] }),
  BPF_JIT_ALWAYS_ON: set({ needs: ['BPF_JIT'] }),
  SCHED_STACK_END_CHECK: set({ or: ['VMAP_STACK'] }),
  BPF_UNPRIV_DEFAULT_OFF: set({ since: '5.16', needs: ['BPF_SYSCALL'] }),
  SYN_COOKIES: set(),
  DEVKMEM: unset(),
  COMPAT_BRK: unset(),
  ACPI_CUSTOM_METHOD: unset(),
  SLUB_TINY: unset(),
  HARDENED_USERCOPY_FALLBACK: unset(),
  COMPAT_VDSO: unset({ on: 'X86_64' }),
  SECURITY_SELINUX_DISABLE: unset(),
  SECURITY_WRITABLE_HOOKS: unset(),
};

export default {
  id: 'SEC-HOST-0069',
  title: 'The kernel was built with its protections',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'They are what makes of a flaw of the kernel an error instead of a way out: copies that are bounded, memory that is either written or executed, stacks with guards, lists that are not followed blindly.',
  remediation: 'Use a kernel of your distribution, which has them, or set the options and build again.',
  references: ['https://docs.kernel.org/security/self-protection.html'],
  examples: [
    { good: config('HARDENED_USERCOPY', 'y'), bad: config('HARDENED_USERCOPY', undefined) },
    { good: config('DEVKMEM', undefined), bad: config('DEVKMEM', 'y') },
    { good: config('USER_NS', 'y'), bad: config('USER_NS', undefined) },
    {
      good: { kernel: { config: { MODULES: 'y', STRICT_MODULE_RWX: 'y' } } },
      bad: { kernel: { config: { MODULES: 'y', STRICT_MODULE_RWX: undefined } } },
    },
    // An option of which this version has no word is no problem; neither is one that has another name in it.
    {
      good: { kernel: { release: '6.14.2', config: { HARDENED_USERCOPY_DEFAULT_ON: undefined } } },
      bad: { kernel: { release: '6.15.0', config: { HARDENED_USERCOPY_DEFAULT_ON: undefined } } },
    },
    {
      good: { kernel: { config: { HARDENED_USERCOPY_DEFAULT_ON: undefined }, commandLine: ['hardened_usercopy=on'] } },
      bad: { kernel: { config: { HARDENED_USERCOPY_DEFAULT_ON: undefined }, commandLine: ['hardened_usercopy=off'] } },
    },
    {
      good: { kernel: { config: { STRICT_KERNEL_RWX: undefined, DEBUG_RODATA: 'y' } } },
      bad: { kernel: { config: { STRICT_KERNEL_RWX: undefined, DEBUG_RODATA: undefined } } },
    },
  ],
  check(facts) {
    const said = parameters(facts.kernel.commandLine ?? []).get('hardened_usercopy');
    const { HARDENED_USERCOPY_DEFAULT_ON: byDefault, ...rest } = WANTED;
    return builtWith(facts, isOn(said ?? '') || byDefault === undefined ? rest : WANTED);
  },
} satisfies HostCheck;
