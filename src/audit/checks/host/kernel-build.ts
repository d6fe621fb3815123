// SPDX-License-Identifier: Apache-2.0

import { builtWith, config } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const YES = ['y'];
const NO = ['n'];
/** What holds on every architecture; namespaces and filters are what containers are made of, so that a kernel without is none for them. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...['STRICT_KERNEL_RWX', 'STRICT_MODULE_RWX', 'VMAP_STACK', 'STACKPROTECTOR_STRONG', 'FORTIFY_SOURCE'],
      ...['HARDENED_USERCOPY', 'SLAB_FREELIST_RANDOM', 'SLAB_FREELIST_HARDENED', 'RANDOMIZE_BASE', 'STRICT_DEVMEM'],
      ...[
        'SECCOMP',
        'SECCOMP_FILTER',
        'USER_NS',
        'PID_NS',
        'NET_NS',
        'SECURITY',
        'SECURITY_LANDLOCK',
        'BPF_JIT_ALWAYS_ON',
      ],
      'SCHED_STACK_END_CHECK',
    ].map((name) => [name, YES]),
  ),
  ...Object.fromEntries(['DEVKMEM', 'COMPAT_BRK', 'ACPI_CUSTOM_METHOD', 'SLUB_TINY'].map((name) => [name, NO])),
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
  ],
  check: (facts) => builtWith(facts, WANTED),
} satisfies HostCheck;
