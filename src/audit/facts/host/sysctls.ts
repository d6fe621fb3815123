// SPDX-License-Identifier: Apache-2.0

/** Settings of the kernel that checks ask for. */
export const SYSCTLS = [
  'fs.protected_fifos',
  'fs.protected_hardlinks',
  'fs.protected_regular',
  'fs.protected_symlinks',
  'fs.suid_dumpable',
  'kernel.core_pattern',
  'kernel.dmesg_restrict',
  'kernel.kptr_restrict',
  'kernel.perf_event_paranoid',
  'kernel.randomize_va_space',
  'kernel.unprivileged_bpf_disabled',
  'kernel.yama.ptrace_scope',
  'net.ipv4.conf.all.accept_redirects',
  'net.ipv4.conf.all.accept_source_route',
  'net.ipv4.conf.default.accept_redirects',
  'net.ipv4.ip_forward',
  'user.max_user_namespaces',
] as const;
export type Sysctl = (typeof SYSCTLS)[number];

export const sysctlPath = (name: Sysctl): string => `/proc/sys/${name.replaceAll('.', '/')}`;
