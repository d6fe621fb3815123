// SPDX-License-Identifier: Apache-2.0
// Random profiles from a seed.
#pragma once

#include <random>
#include <set>
#include <string>

#include "seccomp_model.h"

namespace random_profile {

struct Shape {
  unsigned rules = 60;
  bool conflicts = false;        // several actions for one syscall
  bool repeat_arguments = false;  // two conditions on one argument
};

inline const char* pick_action(std::mt19937_64& random) {
  constexpr const char* kActions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                                      "SCMP_ACT_TRAP",  "SCMP_ACT_TRACE", "SCMP_ACT_LOG",          "SCMP_ACT_NOTIFY"};
  return kActions[random() % 8];
}

inline std::uint64_t pick_value(std::mt19937_64& random) {
  constexpr std::uint64_t kInteresting[] = {0,          1,          2,           16,          40,           0x5412,
                                            0xffff,     0x10000,    0x7e020000,  0xffffffff,  0x100000000,  0x100000028,
                                            0x80000000, 0xffffffff00000000, 0xffffffffffffffff, 0x8000000000000000};
  return random() % 4 == 0 ? random() : kInteresting[random() % 16];
}

inline std::vector<model::SeccompArg> pick_arguments(std::mt19937_64& random, bool repeat) {
  constexpr const char* kOps[] = {"SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT",       "SCMP_CMP_LE",
                                  "SCMP_CMP_GT", "SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"};
  std::vector<model::SeccompArg> out;
  const std::size_t count = 1 + random() % 3;
  for (unsigned index = 0; index < 6 && out.size() < count; index++) {
    if (random() % 3 != 0) continue;
    out.push_back({index, pick_value(random), pick_value(random), kOps[random() % 7]});
    if (repeat && random() % 2 == 0) out.push_back({index, pick_value(random), pick_value(random), kOps[random() % 7]});
  }
  if (out.empty()) out.push_back({0, pick_value(random), 0, kOps[random() % 6]});
  return out;
}

inline model::Seccomp make(std::mt19937_64& random, const Shape& shape) {
  std::vector<std::string_view> names;
  for (model::Arch arch : model::kArches)
    for (std::int32_t n : secure::syscalls::numbers(arch))
      names.push_back(secure::syscalls::name_of(arch, static_cast<std::uint32_t>(n)));
  std::set<std::string> used;
  model::Seccomp out;
  out.default_action = pick_action(random);
  if (out.default_action == "SCMP_ACT_ERRNO" && random() % 2) out.default_errno_ret = 38;
  for (model::Arch arch : model::kArches)
    if (random() % 2) out.architectures.push_back(model::arch_name(arch));
  if (random() % 3 == 0) out.architectures.push_back("SCMP_ARCH_X32");
  while (out.rules.size() < shape.rules) {
    const std::string name(names[random() % names.size()]);
    if (!shape.conflicts && !used.insert(name).second) continue;
    const std::string action = pick_action(random);
    std::optional<unsigned> data;
    if (action == "SCMP_ACT_ERRNO" || action == "SCMP_ACT_TRACE") data = static_cast<unsigned>(random() % 200);
    const std::size_t several = 1 + random() % 3;
    for (std::size_t i = 0; i < several; i++) {
      model::SeccompRule rule;
      rule.names = {name};
      rule.action = shape.conflicts ? pick_action(random) : action;
      if (rule.action == action) rule.errno_ret = data;
      if (several > 1 || random() % 2) rule.args = pick_arguments(random, shape.repeat_arguments);
      out.rules.push_back(rule);
    }
    // Long runs of plain rules are what real profiles have.
    model::SeccompRule plain{{}, action, data, {}};
    for (std::size_t i = random() % 30; i > 0; i--) plain.names.emplace_back(names[random() % names.size()]);
    if (!plain.names.empty() && shape.conflicts) out.rules.push_back(plain);
  }
  return out;
}

}  // namespace random_profile
