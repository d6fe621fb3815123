// SPDX-License-Identifier: Apache-2.0
// Writes classic BPF from the end to the start: jumps only go forward, so every target already
// exists when a jump to it is written, and its distance is known.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace secure::seccomp {

class Assembler {
 public:
  // Where control goes next: an instruction already written, or a return of a value.
  struct Target {
    bool is_return = false;
    std::uint32_t value = 0;  // SECCOMP_RET_*, or the position from the end
    bool operator==(const Target&) const = default;
  };
  static Target ret(std::uint32_t action) { return {true, action}; }

  // What the accumulator holds: the word at an offset of seccomp_data, or something else.
  static constexpr std::uint32_t kOther = ~0U;

  // A = word at `offset` of seccomp_data; then `next`.
  Target load(std::uint32_t offset, Target next);
  // A &= mask; then `next`.
  Target mask(std::uint32_t mask, Target next);
  // if (A <op> k) yes else no. op: BPF_JEQ, BPF_JGT, BPF_JGE. `held`: what A holds here; a
  // target that would load the same word again is entered after its load. Writes nothing when
  // both ways lead to the same place.
  Target branch(unsigned op, std::uint32_t k, Target yes, Target no, std::uint32_t held);

  // The program in execution order, starting at the last instruction written, without the
  // instructions that nothing reaches (a load that every jump enters after).
  [[nodiscard]] std::vector<sock_filter> finish() const;

 private:
  Target emit(unsigned code, std::uint32_t k, unsigned jt = 0, unsigned jf = 0);
  // Make `target` the instruction written last, so that falling through reaches it.
  void fall_through(Target target);
  // A position at most 255 instructions away (with room for another trampoline) that leads to `target`.
  std::uint32_t near(Target target);

  std::vector<sock_filter> code_;                                  // reversed
  std::vector<std::pair<std::uint32_t, std::uint32_t>> returns_;  // value, latest position
};

}  // namespace secure::seccomp
