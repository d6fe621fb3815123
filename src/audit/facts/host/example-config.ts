// SPDX-License-Identifier: Apache-2.0
// How the kernel of the well-configured machine was built: a hardened one for x86-64, of which checks find nothing missing.
import type { KernelConfig } from './kernel-config.ts';

const SET = [
  ...['X86_64', 'CPU_SUP_INTEL', 'CPU_SUP_AMD', 'KVM', 'MODULES', 'DEVMEM', 'BPF_JIT', 'BPF_SYSCALL', 'IO_URING'],
  // Protections of its memory.
  ...['BUG', 'STRICT_KERNEL_RWX', 'STRICT_MODULE_RWX', 'VMAP_STACK', 'STACKPROTECTOR', 'STACKPROTECTOR_STRONG'],
  ...['FORTIFY_SOURCE', 'HARDENED_USERCOPY', 'HARDENED_USERCOPY_DEFAULT_ON', 'SLAB_FREELIST_RANDOM'],
  ...['SLAB_FREELIST_HARDENED', 'SHUFFLE_PAGE_ALLOCATOR', 'RANDOMIZE_BASE', 'RANDOMIZE_MEMORY', 'STRICT_DEVMEM'],
  ...['IO_STRICT_DEVMEM', 'THREAD_INFO_IN_TASK', 'SCHED_STACK_END_CHECK', 'INIT_STACK_ALL_ZERO', 'LIST_HARDENED'],
  ...['BUG_ON_DATA_CORRUPTION', 'RANDOM_KMALLOC_CACHES', 'SLAB_BUCKETS', 'UBSAN_BOUNDS', 'PROC_MEM_NO_FORCE'],
  // What containers are made of, and what confines them.
  ...['SECCOMP', 'SECCOMP_FILTER', 'USER_NS', 'PID_NS', 'NET_NS', 'SECURITY', 'SECURITY_LANDLOCK'],
  ...['BPF_JIT_ALWAYS_ON', 'BPF_UNPRIV_DEFAULT_OFF', 'SYN_COOKIES', 'MODULE_SIG'],
  // Protections against processors, and those that they have.
  ...['CPU_MITIGATIONS', 'MICROCODE', 'X86_UMIP', 'X86_KERNEL_IBT', 'X86_USER_SHADOW_STACK'],
  ...[
    ...['PAGE_TABLE_ISOLATION', 'RETPOLINE', 'RETHUNK', 'SLS', 'SPECTRE_V1', 'SPECTRE_V2', 'SSB', 'SPECTRE_BHI'],
    ...['RFDS', 'MDS', 'TAA', 'MMIO_STALE_DATA', 'L1TF', 'SRBDS', 'GDS', 'ITS', 'IBRS_ENTRY', 'CALL_DEPTH_TRACKING'],
    ...['RETBLEED', 'UNRET_ENTRY', 'IBPB_ENTRY', 'SRSO', 'TSA', 'VMSCAPE'],
  ].map((name) => `MITIGATION_${name}`),
] as const;

export const EXAMPLE_CONFIG: KernelConfig = {
  ...Object.fromEntries(SET.map((name) => [name, 'y'])),
  ARCH_MMAP_RND_BITS_MAX: '32',
  ARCH_MMAP_RND_COMPAT_BITS_MAX: '16',
};
