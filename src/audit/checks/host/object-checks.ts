// SPDX-License-Identifier: Apache-2.0

import { builtWith, config, type Option, set } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Of what costs little and some distributions build in; what only kernels for developers have is left out. */
const WANTED: Readonly<Record<string, Option>> = {
  INIT_STACK_ALL_ZERO: set({ since: '5.15', or: ['GCC_PLUGIN_STRUCTLEAK_BYREF_ALL'] }),
  LIST_HARDENED: set({ since: '6.6', or: ['DEBUG_LIST'] }),
  BUG_ON_DATA_CORRUPTION: set({ since: '4.10' }),
  RANDOM_KMALLOC_CACHES: set({ since: '6.6' }),
  SLAB_BUCKETS: set({ since: '6.11' }),
  UBSAN_BOUNDS: set({ since: '5.7' }),
  IO_STRICT_DEVMEM: set({ needs: ['DEVMEM'] }),
};

export default {
  id: 'SEC-HOST-0092',
  title: 'The kernel was built to check its objects as it uses them',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Exploits put an object of their own where a freed one was, or write past the end of an array: objects that lie with others of their kind, lists that are checked and stacks that begin with zeros end most of them.',
  remediation:
    'Look whether your distribution has a kernel with them (a hardened one, or a newer release), or set the options and build again.',
  references: [
    'https://docs.kernel.org/security/self-protection.html',
    'https://kspp.github.io/Recommended_Settings.html',
  ],
  examples: [
    { good: config('SLAB_BUCKETS', 'y'), bad: config('SLAB_BUCKETS', undefined) },
    {
      good: { kernel: { config: { LIST_HARDENED: undefined, DEBUG_LIST: 'y' } } },
      bad: { kernel: { config: { LIST_HARDENED: undefined, DEBUG_LIST: undefined } } },
    },
    {
      good: { kernel: { release: '6.5.13', config: { RANDOM_KMALLOC_CACHES: undefined } } },
      bad: { kernel: { release: '6.6.1', config: { RANDOM_KMALLOC_CACHES: undefined } } },
    },
  ],
  check: (facts) => builtWith(facts, WANTED),
} satisfies HostCheck;
