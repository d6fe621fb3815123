// SPDX-License-Identifier: Apache-2.0
// What the tracer has to know of a processor: the registers of a system call and the instruction that makes one.
#pragma once

#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstdint>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404  // include/uapi/linux/elf.h
#endif

namespace secure::probe::arch {

#if defined(__x86_64__)

inline constexpr std::uint32_t kAudit = AUDIT_ARCH_X86_64;
inline constexpr std::uint8_t kInstruction[] = {0x0f, 0x05};  // syscall
inline constexpr std::uint64_t kStep = 1;                           // distance of possible instruction starts
// The kernel shows an interrupted call as it is (rax = -ERESTART*, orig_rax = its number) and decides what becomes of it
// (arch_do_signal_or_restart) only after the stop.
inline constexpr bool kRestartHidden = false;

struct Registers {
  user_regs_struct user{};
};

inline std::uint64_t pc(const Registers& r) { return r.user.rip; }
inline std::uint64_t sp(const Registers& r) { return r.user.rsp; }
inline std::int64_t result(const Registers& r) { return static_cast<std::int64_t>(r.user.rax); }
inline bool in_call(const Registers& r) { return static_cast<std::int64_t>(r.user.orig_rax) >= 0; }
inline std::uint64_t first_argument(const Registers& r) { return r.user.rdi; }

// About to execute the instruction at `at` with call `number`; -1: the kernel shall not take this for an interrupted call.
inline void aim(Registers& r, std::uint64_t at, std::uint64_t number, std::uint64_t /*first*/) {
  r.user.rip = at;
  r.user.rax = number;
  r.user.orig_rax = ~0ULL;
}
inline void arguments(Registers& r, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  r.user.rdi = a;
  r.user.rsi = b;
  r.user.rdx = c;
}

#elif defined(__aarch64__)

inline constexpr std::uint32_t kAudit = AUDIT_ARCH_AARCH64;
inline constexpr std::uint8_t kInstruction[] = {0x01, 0x00, 0x00, 0xd4};  // svc #0
inline constexpr std::uint64_t kStep = 4;
// do_signal() rewinds an interrupted call before the stop and keeps why to itself; see Tracer::settle().
inline constexpr bool kRestartHidden = true;

struct Registers {
  user_regs_struct user{};
  int number = -1;  // NT_ARM_SYSTEM_CALL: what the kernel takes the thread to be in
};

inline std::uint64_t pc(const Registers& r) { return r.user.pc; }
inline std::uint64_t sp(const Registers& r) { return r.user.sp; }
inline std::int64_t result(const Registers& r) { return static_cast<std::int64_t>(r.user.regs[0]); }
inline bool in_call(const Registers& r) { return r.number >= 0; }
inline std::uint64_t first_argument(const Registers& r) { return r.user.regs[0]; }

// x0 on entry is kept by the kernel (orig_x0) and put back when it restarts a call: enter with the interrupted call's.
inline void aim(Registers& r, std::uint64_t at, std::uint64_t number, std::uint64_t first) {
  r.user.pc = at;
  r.user.regs[0] = first;
  r.user.regs[8] = number;
  r.number = -1;
}
inline void arguments(Registers& r, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  r.user.regs[0] = a;
  r.user.regs[1] = b;
  r.user.regs[2] = c;
}

#else
#error "the Landlock probe knows x86_64 and aarch64"
#endif

// False when the thread is not stopped or runs in a 32-bit mode (its register set has another size).
inline bool load(pid_t pid, Registers& r) {
  iovec v{&r.user, sizeof r.user};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0 || v.iov_len != sizeof r.user) return false;
#if defined(__aarch64__)
  iovec n{&r.number, sizeof r.number};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_ARM_SYSTEM_CALL, &n) < 0) return false;
#endif
  return true;
}

inline bool store(pid_t pid, const Registers& r) {
  Registers copy = r;
  iovec v{&copy.user, sizeof copy.user};
  if (::ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v) < 0) return false;
#if defined(__aarch64__)
  iovec n{&copy.number, sizeof copy.number};
  if (::ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &n) < 0) return false;
#endif
  return true;
}

// The kernel's own codes (include/linux/errno.h): the call will be made again, or answer EINTR after a handler.
inline bool restarting(const Registers& r) {
  const std::int64_t code = -result(r);
  return in_call(r) && (code == 512 || code == 513 || code == 514 || code == 516);
}

}  // namespace secure::probe::arch
