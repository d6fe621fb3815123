// SPDX-License-Identifier: Apache-2.0
// A profile's words turned into numbers: actions, operators, architectures, flags.
#pragma once

#include <cstdint>
#include <vector>

#include "result.h"
#include "spec.h"
#include "syscalls.h"

namespace secure::seccomp {

enum class Op { eq, ne, lt, le, gt, ge, masked_eq };

// One comparison. masked_eq: (argument & mask) == value.
struct Condition {
  unsigned index = 0;
  Op op = Op::eq;
  std::uint64_t value = 0, mask = 0;
};

struct Rule {
  std::uint32_t action = 0;  // SECCOMP_RET_* with its data
  std::vector<Condition> conditions;
};

// The profile, checked; rules[i] belongs to names of spec::Seccomp::rules[i].
struct Rules {
  std::uint32_t default_action = 0;
  std::uint32_t unknown_action = 0;  // for numbers in no table
  std::uint32_t x32_action = 0;
  std::vector<syscalls::Arch> architectures;  // native first
  unsigned flags = 0;
  std::vector<Rule> rules;
};

// Errors: SECCOMP_INVALID with the field, SECCOMP_TOO_LARGE for a rule with too many alternatives.
Result<Rules> read_rules(const spec::Seccomp& profile);

// A rule as those that together mean the same, none with two different values for one argument. Empty for one that is as it is.
std::vector<Rule> alternatives(const Rule& rule);

// True when the kernel prefers `a` to `b` if two filters disagree.
bool stricter(std::uint32_t a, std::uint32_t b);

}  // namespace secure::seccomp
