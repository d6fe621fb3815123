// SPDX-License-Identifier: Apache-2.0
// What opens more than a level does: capabilities and feature groups.
import { words } from './model.ts';

/** Calls that make sense only with a capability, as Docker allows them. Names without CAP_. */
export const BY_CAPABILITY: Readonly<Record<string, readonly string[]>> = {
  DAC_READ_SEARCH: ['open_by_handle_at', 'name_to_handle_at'],
  SYS_ADMIN: words(`
    bpf fanotify_init fanotify_mark fsconfig fsmount fsopen fspick lookup_dcookie
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr
    mount mount_setattr move_mount open_tree open_tree_attr perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`),
  SYS_BOOT: ['reboot'],
  SYS_CHROOT: ['chroot'],
  SYS_MODULE: words('delete_module init_module finit_module'),
  SYS_PACCT: ['acct'],
  SYS_PTRACE: words('kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace'),
  SYS_RAWIO: words('iopl ioperm'),
  SYS_TIME: words(`
    settimeofday stime clock_settime clock_settime64 adjtimex clock_adjtime clock_adjtime64`),
  SYS_TTY_CONFIG: ['vhangup'],
  SYS_NICE: words(`
    get_mempolicy mbind set_mempolicy set_mempolicy_home_node
    sched_setattr sched_setparam sched_setscheduler`),
  SYSLOG: ['syslog'],
  BPF: ['bpf'],
  PERFMON: ['perf_event_open'],
};

/** What a policy opens by name (`seccomp: { allow: [debug] }`) instead of by a list of calls. */
const GROUPS = {
  /** Debuggers and tracers of the container's own processes. */
  debug: words('ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise'),
  /** Code made at run time: JVM, V8, PyPy, LuaJIT, PCRE JIT. Lifts the rules of `strict` on executable memory. */
  jit: ['memfd_create'],
  /** A second way into the kernel past this filter: each ring operation is a call that no rule sees. */
  io_uring: words('io_uring_setup io_uring_enter io_uring_register'),
  /** Containers inside the container: namespaces and the mount API. */
  nested: words(`
    clone clone3 unshare setns mount umount umount2 pivot_root chroot sethostname setdomainname
    fsopen fsconfig fsmount fspick move_mount open_tree open_tree_attr mount_setattr statmount listmount
    name_to_handle_at memfd_create`),
  /** Linux native asynchronous I/O (databases with O_DIRECT). */
  aio: words('io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64'),
  /** Kernel keyrings (Kerberos, fscrypt, NFS). Keys are not in a namespace before they are linked to one. */
  keyring: words('add_key keyctl request_key'),
  /** Placement on memory nodes. */
  numa: words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages'),
  /** Profilers. The kernel's perf_event_paranoid still applies. */
  perf: ['perf_event_open'],
  /** Real-time and deadline scheduling. */
  realtime: words('sched_setscheduler sched_setparam sched_setattr'),
  /** Page faults handled by the program: live migration, some garbage collectors. */
  userfaultfd: ['userfaultfd'],
  /** 32-bit programs under `strict`; the other levels run them anyway. Their socketcall and old mmap hide arguments. */
  compat: words('socketcall ipc'),
} as const satisfies Record<string, readonly string[]>;

export type FeatureGroup = keyof typeof GROUPS;

/** All feature groups, for help texts and for checking policies. */
export const FEATURE_GROUPS = Object.keys(GROUPS) as readonly FeatureGroup[];

export const isFeatureGroup = (name: string): name is FeatureGroup => Object.hasOwn(GROUPS, name);

/** The calls that a group opens. */
export const callsOf = (group: FeatureGroup): readonly string[] => GROUPS[group];
