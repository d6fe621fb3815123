// SPDX-License-Identifier: Apache-2.0
#include "seccomp_assembler.h"

#include <algorithm>

namespace secure::seccomp {

namespace {
constexpr std::uint32_t kReach = 255;  // sock_filter.jt and .jf are bytes
constexpr unsigned kLoadWord = BPF_LD | BPF_W | BPF_ABS;

// How far the two ways out of an instruction skip; equal where there is one.
std::pair<std::uint32_t, std::uint32_t> skips(const sock_filter& insn) {
  if (BPF_CLASS(insn.code) != BPF_JMP) return {0, 0};
  if (BPF_OP(insn.code) == BPF_JA) return {insn.k, insn.k};
  return {insn.jt, insn.jf};
}
}  // namespace

Assembler::Target Assembler::emit(unsigned code, std::uint32_t k, unsigned jt, unsigned jf) {
  code_.push_back({static_cast<__u16>(code), static_cast<__u8>(jt), static_cast<__u8>(jf), k});
  return {false, static_cast<std::uint32_t>(code_.size() - 1)};
}

std::uint32_t Assembler::near(Target target) {
  // One more trampoline may be written between this one and the jump.
  const auto distance = [&](std::uint32_t position) { return static_cast<std::uint32_t>(code_.size()) - position; };
  if (!target.is_return) {
    if (distance(target.value) <= kReach) return target.value;
    return emit(BPF_JMP | BPF_JA, distance(target.value) - 1).value;
  }
  auto known = std::find_if(returns_.begin(), returns_.end(), [&](const auto& r) { return r.first == target.value; });
  if (known != returns_.end() && distance(known->second) <= kReach) return known->second;
  // Far away a fresh return costs no more than a jump to the old one.
  const std::uint32_t position = emit(BPF_RET | BPF_K, target.value).value;
  if (known != returns_.end()) {
    known->second = position;
  } else {
    returns_.emplace_back(target.value, position);
  }
  return position;
}

void Assembler::fall_through(Target target) {
  if (!target.is_return && target.value + 1 == code_.size()) return;
  if (target.is_return) {
    emit(BPF_RET | BPF_K, target.value);
  } else {
    emit(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(code_.size()) - target.value - 1);
  }
}

Assembler::Target Assembler::load(std::uint32_t offset, Target next) {
  fall_through(next);
  return emit(kLoadWord, offset);
}

Assembler::Target Assembler::mask(std::uint32_t mask, Target next) {
  fall_through(next);
  return emit(BPF_ALU | BPF_AND | BPF_K, mask);
}

Assembler::Target Assembler::branch(unsigned op, std::uint32_t k, Target yes, Target no, std::uint32_t held) {
  const auto skip_load = [&](Target target) {
    if (!target.is_return && held != kOther) {
      const sock_filter& first = code_[target.value];
      // A load is never the first instruction written: something follows it.
      if (first.code == kLoadWord && first.k == held) target.value--;
    }
    return target;
  };
  yes = skip_load(yes);
  no = skip_load(no);
  if (yes == no) return yes;
  const std::uint32_t far = near(yes);
  const std::uint32_t close = near(no);
  const auto here = static_cast<std::uint32_t>(code_.size());
  return emit(BPF_JMP | op | BPF_K, k, here - 1 - far, here - 1 - close);
}

std::vector<sock_filter> Assembler::finish() const {
  std::vector<bool> reached(code_.size(), false);
  reached.back() = true;
  for (std::size_t at = code_.size(); at-- > 1;) {
    if (!reached[at] || BPF_CLASS(code_[at].code) == BPF_RET) continue;
    const auto [yes, no] = skips(code_[at]);
    reached[at - 1 - yes] = reached[at - 1 - no] = true;
  }
  std::vector<std::uint32_t> moved(code_.size());
  std::vector<sock_filter> out;
  out.reserve(code_.size());
  for (std::size_t at = 0; at < code_.size(); at++) {
    moved[at] = static_cast<std::uint32_t>(out.size());
    if (!reached[at]) continue;
    sock_filter insn = code_[at];
    if (BPF_CLASS(insn.code) == BPF_JMP) {
      // Distances only shrink, so they still fit.
      const auto [yes, no] = skips(insn);
      const std::uint32_t far = moved[at] - 1 - moved[at - 1 - yes];
      if (BPF_OP(insn.code) == BPF_JA) {
        insn.k = far;
      } else {
        insn.jt = static_cast<__u8>(far);
        insn.jf = static_cast<__u8>(moved[at] - 1 - moved[at - 1 - no]);
      }
    }
    out.push_back(insn);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace secure::seccomp
