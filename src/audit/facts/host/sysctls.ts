// SPDX-License-Identifier: Apache-2.0

/** Settings of the kernel that checks ask for. */
export const SYSCTLS = [
  '.',
  'dev.tty.ldisc_autoload',
  'dev.tty.legacy_tiocsti',
  'fs.protected_fifos',
  'fs.protected_hardlinks',
  'fs.protected_regular',
  'fs.protected_symlinks',
  'fs.suid_dumpable',
  'kernel.core_pattern',
  'kernel.dmesg_restrict',
  'kernel.io_uring_disabled',
  'kernel.kexec_load_disabled',
  'kernel.kptr_restrict',
  'kernel.oops_limit',
  'kernel.perf_event_paranoid',
  'kernel.randomize_va_space',
  'kernel.sysrq',
  'kernel.unprivileged_bpf_disabled',
  'kernel.yama.ptrace_scope',
  'net.core.bpf_jit_harden',
  'net.ipv4.conf.all.accept_redirects',
  'net.ipv4.conf.all.accept_source_route',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.all.secure_redirects',
  'net.ipv4.conf.all.send_redirects',
  'net.ipv4.conf.default.accept_redirects',
  'net.ipv4.conf.default.rp_filter',
  'net.ipv4.icmp_echo_ignore_broadcasts',
  'net.ipv4.icmp_ignore_bogus_error_responses',
  'net.ipv4.ip_forward',
  'net.ipv4.tcp_syncookies',
  'net.ipv6.conf.all.accept_redirects',
  'user.max_user_namespaces',
  'vm.mmap_min_addr',
  'vm.unprivileged_userfaultfd',
] as const;
export type Sysctl = (typeof SYSCTLS)[number];

export const sysctlPath = (name: Sysctl): string => `/proc/sys/${name.replaceAll('.', '/')}`;
