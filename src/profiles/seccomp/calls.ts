// SPDX-License-Identifier: Apache-2.0
// Calls that any program may make at every level, by area. Where only some arguments are fine, the name is in
// conditions.ts instead.
import { words } from './model.ts';

const IO = words(`
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range dup dup2 dup3
  fcntl fcntl64 lseek _llseek pipe pipe2 select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64
  epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
  timerfd_create timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64
  splice tee sendfile sendfile64 copy_file_range fadvise64 fadvise64_64 arm_fadvise64_64 readahead cachestat
  sync fsync fdatasync syncfs sync_file_range arm_sync_file_range flock
  ftruncate ftruncate64 truncate truncate64 fallocate
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch`);

// file_getattr and file_setattr do what ioctl(FS_IOC_FS{G,S}ETXATTR) does.
const FILES = words(`
  open openat openat2 creat access faccessat faccessat2
  stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64
  getcwd chdir fchdir getdents getdents64 readlink readlinkat umask
  mkdir mkdirat rmdir rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat
  chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat
  utime utimes futimesat utimensat utimensat_time64 file_getattr file_setattr
  getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat
  setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat`);

const MEMORY = words(`
  brk mremap munmap madvise mincore mlock mlock2 mlockall munlock munlockall msync mseal
  pkey_alloc pkey_free map_shadow_stack membarrier`);

const PROCESS = words(`
  fork vfork execve execveat exit exit_group wait4 waitid waitpid
  getpid getppid gettid getpgid getpgrp setpgid getsid setsid
  kill tkill tgkill pidfd_open pidfd_send_signal prctl restart_syscall
  set_tid_address set_robust_list get_robust_list rseq rseq_slice_yield
  futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue
  getrlimit ugetrlimit setrlimit prlimit64 getrusage times getpriority setpriority ioprio_get ioprio_set
  sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_getparam sched_getscheduler
  sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 getcpu
  capget capset seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self`);

const IDENTITY = words(`
  getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getgroups getgroups32
  getresuid getresuid32 getresgid getresgid32
  setuid setuid32 setgid setgid32 setgroups setgroups32 setreuid setreuid32 setregid setregid32
  setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32`);

const SIGNALS = words(`
  rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo
  rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigreturn sigprocmask pause alarm getitimer setitimer`);

const TIME = words(`
  time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64
  nanosleep clock_nanosleep clock_nanosleep_time64
  timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64`);

const NETWORK = words(`
  bind connect listen accept accept4 getsockname getpeername send recv sendto recvfrom sendmsg recvmsg
  sendmmsg recvmmsg recvmmsg_time64 setsockopt getsockopt shutdown`);

const IPC = words(`
  semget semop semtimedop semtimedop_time64 semctl shmget shmdt shmctl msgget msgsnd msgrcv msgctl
  mq_open mq_unlink mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64 mq_notify mq_getsetattr`);

const SYSTEM = words('uname sysinfo getrandom');

/** Thread set-up and cache maintenance of one architecture; other architectures have no such name. */
const ARCHITECTURE = words('arch_prctl get_thread_area set_thread_area set_tls breakpoint cacheflush');

/** Allowed without conditions at every level. */
export const EVERYWHERE: readonly string[] = [
  ...IO,
  ...FILES,
  ...MEMORY,
  ...PROCESS,
  ...IDENTITY,
  ...SIGNALS,
  ...TIME,
  ...NETWORK,
  ...IPC,
  ...SYSTEM,
  ...ARCHITECTURE,
];

/**
 * Allowed by `baseline` and `default`, refused by `strict`. `uretprobe` and `uprobe` are made by trampolines that the
 * host's tracer plants: refusing them kills the traced program on Linux 6.11 to 6.13.
 */
export const BELOW_STRICT: readonly string[] = words(`
  memfd_create vmsplice statmount listmount uretprobe uprobe process_mrelease
  sched_setattr sched_setparam sched_setscheduler socketcall ipc`);

/** Docker allows them; `default` already asks for a capability or a feature group, or has no use for them. */
export const BASELINE_ONLY: readonly string[] = words(`
  ptrace process_vm_readv process_vm_writev io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents
  io_pgetevents_time64 memfd_secret name_to_handle_at fanotify_mark remap_file_pages modify_ldt
  adjtimex clock_adjtime clock_adjtime64 epoll_ctl_old epoll_wait_old`);
