// SPDX-License-Identifier: Apache-2.0
// What a profile means, said as directly as possible: the reference that the compiler, and libseccomp, are held against.
// Shared by the tests and the fuzz target; no code of the compiler but the syscall tables.
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "spec.h"
#include "syscalls.h"

namespace model {

using secure::spec::Seccomp;
using secure::spec::SeccompArg;
using secure::spec::SeccompRule;
using secure::syscalls::Arch;

inline constexpr Arch kArches[] = {Arch::x86_64, Arch::i386, Arch::aarch64, Arch::arm};

inline const char* arch_name(Arch arch) {
  constexpr const char* kNames[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
  return kNames[static_cast<unsigned>(arch)];
}

inline std::uint32_t action(const std::string& name, std::optional<unsigned> data) {
  if (name == "SCMP_ACT_ERRNO") return SECCOMP_RET_ERRNO | data.value_or(EPERM);
  if (name == "SCMP_ACT_TRACE") return SECCOMP_RET_TRACE | data.value_or(EPERM);
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SECCOMP_RET_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SECCOMP_RET_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SECCOMP_RET_TRAP;
  if (name == "SCMP_ACT_LOG") return SECCOMP_RET_LOG;
  if (name == "SCMP_ACT_NOTIFY") return SECCOMP_RET_USER_NOTIF;
  return SECCOMP_RET_ALLOW;
}

inline bool listed(const Seccomp& profile, Arch arch) {
  if (arch == secure::syscalls::native_arch()) return true;
  for (const auto& name : profile.architectures)
    if (name == arch_name(arch)) return true;
  return false;
}

// Bits of an argument that the kernel looks at.
inline std::uint64_t bits(std::string_view name, Arch arch, unsigned index) {
  secure::syscalls::Named named;
  if (!secure::syscalls::find(name, named)) return ~0ULL;
  switch ((named.width[static_cast<unsigned>(arch)] >> (2 * index)) & 3) {
    case 1: return 0xffffffffULL;
    case 2: return 0xffffULL;
    default: return ~0ULL;
  }
}

inline bool holds(const SeccompArg& c, std::uint64_t argument, std::uint64_t seen) {
  const std::uint64_t a = argument & seen;
  const std::uint64_t v = c.value & seen;
  if (c.op == "SCMP_CMP_EQ") return a == v;
  if (c.op == "SCMP_CMP_NE") return a != v;
  if (c.op == "SCMP_CMP_LT") return a < v;
  if (c.op == "SCMP_CMP_LE") return a <= v;
  if (c.op == "SCMP_CMP_GT") return a > v;
  if (c.op == "SCMP_CMP_GE") return a >= v;
  return (a & v) == (c.value_two & v);
}

// Strictest last; the position is the kernel's precedence.
inline int permissiveness(std::uint32_t value) {
  constexpr std::uint32_t kOrder[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                      SECCOMP_RET_ERRNO,        SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE,
                                      SECCOMP_RET_LOG,          SECCOMP_RET_ALLOW};
  for (int i = 0; i < 8; i++)
    if ((value & SECCOMP_RET_ACTION_FULL) == kOrder[i]) return i;
  return -1;
}

// The call that i386's socketcall or ipc stands for, or "".
inline std::string multiplexed(std::string_view name, std::uint64_t argument) {
  static const char* const kSocket[] = {"",         "socket", "bind",    "connect",  "listen",     "accept",     "getsockname",
                                        "getpeername", "socketpair", "send", "recv", "sendto",     "recvfrom",   "shutdown",
                                        "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg"};
  static const char* const kIpc[] = {"", "semop", "semget", "semctl", "semtimedop", "", "", "", "", "", "", "msgsnd",
                                     "msgrcv", "msgget", "msgctl", "", "", "", "", "", "", "shmat", "shmdt", "shmget", "shmctl"};
  if (name == "socketcall") return (argument & 0xffffffff) < std::size(kSocket) ? kSocket[argument & 0xffffffff] : "";
  if (name == "ipc") return (argument & 0xffff) < std::size(kIpc) ? kIpc[argument & 0xffff] : "";
  return "";
}

inline std::uint32_t decide(const Seccomp& profile, const seccomp_data& data) {
  const std::uint32_t standard = action(profile.default_action, profile.default_errno_ret);
  const bool errno_default = profile.default_action == "SCMP_ACT_ERRNO";
  const std::uint32_t unknown = errno_default ? SECCOMP_RET_ERRNO | ENOSYS : standard;
  std::optional<Arch> arch;
  for (Arch candidate : kArches)
    if (secure::syscalls::audit_arch(candidate) == data.arch && listed(profile, candidate)) arch = candidate;
  if (!arch) return SECCOMP_RET_KILL_PROCESS;
  const auto number = static_cast<std::uint32_t>(data.nr);
  if (*arch == Arch::x86_64 && number >= 0x40000000U && number != 0xffffffffU) {
    for (const auto& name : profile.architectures)
      if (name == "SCMP_ARCH_X32")
        return permissiveness(standard) > permissiveness(SECCOMP_RET_ERRNO) ? SECCOMP_RET_ERRNO | ENOSYS : unknown;
    return SECCOMP_RET_KILL_PROCESS;
  }
  const std::string_view called = secure::syscalls::name_of(*arch, number);
  if (called.empty()) return unknown;

  std::optional<std::uint32_t> unconditional, conditional;
  const std::string inner = multiplexed(called, data.args[0]);
  for (const auto& rule : profile.rules) {
    const std::uint32_t wanted = action(rule.action, rule.errno_ret);
    if (wanted == standard) continue;
    for (const auto& name : rule.names) {
      bool match = name == called;
      if (match && rule.args.empty() && !unconditional) unconditional = wanted;
      for (const auto& c : rule.args) {
        bool held = false;
        // Of several values for one argument one is meant.
        for (const auto& other : rule.args)
          if (&other == &c || (c.op == "SCMP_CMP_EQ" && other.op == c.op && other.index == c.index))
            held = held || holds(other, data.args[other.index], bits(called, *arch, other.index));
        match = match && held;
      }
      match = match || (!inner.empty() && name == inner && permissiveness(wanted) < permissiveness(standard));
      if (match && (!conditional || permissiveness(wanted) < permissiveness(*conditional))) conditional = wanted;
    }
  }
  return unconditional ? *unconditional : conditional.value_or(standard);
}

}  // namespace model
