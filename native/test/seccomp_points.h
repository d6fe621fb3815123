// SPDX-License-Identifier: Apache-2.0
// The points at which two filters for a profile can differ: every number, and around every constant.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "seccomp_model.h"

namespace points {

inline constexpr std::uint32_t kForeignNumbers[] = {600,        999,        0x0f0000,   0x0f0007,  0x3fffffff,
                                                    0x40000000, 0x40000209, 0x7fffffff, 0x80000000, 0xffffffff};

inline std::vector<std::uint32_t> all_numbers(model::Arch arch) {
  std::set<std::uint32_t> all(std::begin(kForeignNumbers), std::end(kForeignNumbers));
  for (std::int32_t n : secure::syscalls::numbers(arch)) {
    all.insert(static_cast<std::uint32_t>(n));
    all.insert(static_cast<std::uint32_t>(n) + 1);
  }
  return {all.begin(), all.end()};
}

// Values on both sides of each comparison, also with bits above the 16th and the 32nd set.
inline std::vector<std::uint64_t> values(const model::Seccomp& profile, std::string_view name, unsigned index) {
  std::set<std::uint64_t> all = {0, ~0ULL};
  for (const auto& rule : profile.rules)
    for (const auto& named : rule.names)
      if (named == name)
        for (const auto& c : rule.args)
          if (c.index == index)
            for (std::uint64_t v : {c.value, c.value_two, c.value & c.value_two, c.value_two | ~c.value})
              for (std::uint64_t near : {v - 1, v, v + 1})
                for (std::uint64_t high : {0ULL, 1ULL << 16, 1ULL << 32, 1ULL << 63, 0xffffffffULL << 32})
                  all.insert(near ^ high);
  return {all.begin(), all.end()};
}

// Calls visit(data) for every combination of values of the compared arguments of every number; a sample where
// there are more than `limit`.
template <typename Visit>
void each(const model::Seccomp& profile, model::Arch arch, std::mt19937_64& random, std::size_t limit, Visit visit) {
  for (std::uint32_t number : all_numbers(arch)) {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = secure::syscalls::audit_arch(arch);
    const std::string_view name = secure::syscalls::name_of(arch, number);
    std::vector<std::uint64_t> choice[6];
    std::size_t total = 1;
    for (unsigned i = 0; i < 6; i++) {
      choice[i] = values(profile, name, i);
      if (name == "socketcall" || name == "ipc")
        if (i == 0)
          for (std::uint64_t call = 0; call < 30; call++)
            for (std::uint64_t version : {0ULL, 1ULL << 16}) choice[i].push_back(call | version);
      total = total > limit ? total : total * choice[i].size();
    }
    const bool all = total <= limit;
    for (std::size_t n = 0; n < (all ? total : limit); n++) {
      std::size_t rest = n;
      for (unsigned i = 0; i < 6; i++) {
        data.args[i] = all ? choice[i][rest % choice[i].size()] : choice[i][random() % choice[i].size()];
        rest /= choice[i].size();
        // The kernel shows a 32-bit program's registers zero-extended.
        if (arch == model::Arch::i386 || arch == model::Arch::arm) data.args[i] &= 0xffffffffU;
      }
      visit(data);
    }
  }
}

}  // namespace points
