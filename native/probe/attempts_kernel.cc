// SPDX-License-Identifier: Apache-2.0
// Code and memory of the kernel: what loads some, and the large interfaces in which bugs were ways out.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attempts.h"

namespace secure::isolation {

namespace {

// `return 0`, in one descriptor that is closed with this process and is attached to nothing.
template <bpf_prog_type kType>
void load_program(Answer& answer) {
  bpf_insn code[2]{};
  code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  code[1].code = BPF_JMP | BPF_EXIT;
  static char license[] = "GPL";
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = kType;
  attr.insn_cnt = 2;
  attr.insns = reinterpret_cast<std::uintptr_t>(code);
  attr.license = reinterpret_cast<std::uintptr_t>(license);
  // EINVAL: the kernel was built without this type of program, and says so behind the check.
  answer.settle(::syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr), {EINVAL});
}

void count_events(Answer& answer, pid_t pid, int cpu, bool kernel) {
  perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.disabled = 1;
  attr.exclude_kernel = kernel ? 0 : 1;
  answer.settle(::syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}
void perf_self(Answer& answer) { count_events(answer, 0, -1, false); }
void perf_machine(Answer& answer) { count_events(answer, -1, 0, true); }

// Faults of the kernel too, which stops it in the middle of a copy: half of the exploits of races.
void fault_handler(Answer& answer) { answer.settle(::syscall(SYS_userfaultfd, O_CLOEXEC)); }

void ring(Answer& answer) {
  io_uring_params params;
  std::memset(&params, 0, sizeof params);
  answer.settle(::syscall(SYS_io_uring_setup, 1, &params));
}

// CAP_SYS_BOOT is asked first, then flags that there are not are EINVAL. More segments than there may be besides: never none, which would
// unload the kernel that waits for a crash.
void load_kernel(Answer& answer) { answer.settle(::syscall(SYS_kexec_load, 0UL, 0xffffUL, nullptr, ~0UL), {EINVAL}); }

// CAP_SYS_MODULE is asked first, then a module of no bytes is none (ENOEXEC).
void load_module(Answer& answer) { answer.settle(::syscall(SYS_init_module, nullptr, 0UL, ""), {ENOEXEC, EFAULT, EINVAL}); }

// Key 1, which nobody has: ENOKEY. Nothing is made, not even the user's keyrings.
void describe_key(Answer& answer) { answer.settle(::syscall(SYS_keyctl, KEYCTL_DESCRIBE, 1, nullptr, 0UL, 0UL), {ENOKEY, EACCES, EKEYEXPIRED, EKEYREVOKED}); }

// A key without a type: EFAULT behind whatever a filter says; none is made.
void add_no_key(Answer& answer) { answer.settle(::syscall(SYS_add_key, nullptr, nullptr, nullptr, 0UL, KEY_SPEC_PROCESS_KEYRING), {EFAULT}); }

// CAP_DAC_READ_SEARCH lets any file of the file system be opened by its number (shocker). A handle of a type that no file system has: ESTALE behind
// that check. Its length has to be one that could be, since newer kernels look at that first.
void open_by_handle(Answer& answer) {
  struct {
    unsigned bytes = 8;
    int type = 0xff;
    unsigned char id[8] = {};
  } handle;
  const int root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  answer.settle(::syscall(SYS_open_by_handle_at, root < 0 ? AT_FDCWD : root, &handle, O_RDONLY), {ESTALE});
}

// The size of its buffer (SYSLOG_ACTION_SIZE_BUFFER), which asks the same as to read it.
void kernel_log(Answer& answer) { answer.settle(::syscall(SYS_syslog, 10, nullptr, 0)); }

// Ports of this process alone, which ends.
void ports(Answer& answer) {
#ifdef SYS_iopl
  answer.settle(::syscall(SYS_iopl, 3));
#else
  answer.skip("this machine has no ports");
#endif
}

}  // namespace

std::span<const Attempt> kernel_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"bpf-socket-filter", "bpf", load_program<BPF_PROG_TYPE_SOCKET_FILTER>},
      {"bpf-kprobe", "bpf", load_program<BPF_PROG_TYPE_KPROBE>},
      {"perf-own", "perf_event_open", perf_self},
      {"perf-machine", "perf_event_open", perf_machine},
      {"userfaultfd", "userfaultfd", fault_handler},
      {"io-uring", "io_uring_setup", ring},
      {"kexec-load", "kexec_load", load_kernel},
      {"init-module", "init_module", load_module},
      {"keyctl", "keyctl", describe_key},
      {"add-key", "add_key", add_no_key},
      {"open-by-handle", "open_by_handle_at", open_by_handle},
      {"kernel-log", "syslog", kernel_log},
      // There in every kernel, and without a function in some.
      {"io-ports", "", ports},
  };
  return kAttempts;
}

}  // namespace secure::isolation
