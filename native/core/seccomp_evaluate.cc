// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstring>

#include "seccomp.h"

namespace secure::seccomp {

namespace {

bool jumps(unsigned code, std::uint32_t a, std::uint32_t k) {
  switch (BPF_OP(code)) {
    case BPF_JEQ: return a == k;
    case BPF_JGT: return a > k;
    case BPF_JGE: return a >= k;
    case BPF_JSET: return (a & k) != 0;
    default: return false;
  }
}

}  // namespace

std::uint32_t evaluate(const Program& program, const seccomp_data& data) {
  std::uint32_t a = 0;
  // Jumps only go forward, so `at` grows and the loop ends.
  for (std::size_t at = 0; at < program.code.size(); at++) {
    const sock_filter& i = program.code[at];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (i.k % 4 != 0 || i.k > sizeof data - 4) return SECCOMP_RET_KILL_PROCESS;
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K: a &= i.k; break;
      case BPF_JMP | BPF_JA: at += i.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGT | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
      case BPF_JMP | BPF_JSET | BPF_K: at += jumps(i.code, a, i.k) ? i.jt : i.jf; break;
      case BPF_RET | BPF_K: return i.k;
      default: return SECCOMP_RET_KILL_PROCESS;
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

}  // namespace secure::seccomp
