// SPDX-License-Identifier: Apache-2.0
// When a container that has ended is started again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "spec.h"

namespace secure::runtime::restart {

inline constexpr unsigned kFirst = 100, kMost = 60'000;   // ms
inline constexpr std::uint64_t kSettled = 10'000;         // ms; what ran that long did not fail at its start

// `limit` 0: none. `restarts`: how often it was done already.
inline bool wanted(spec::Restart policy, unsigned limit, unsigned restarts, int exit_code) {
  if (policy == spec::Restart::always) return true;
  return policy == spec::Restart::on_failure && exit_code != 0 && (limit == 0 || restarts < limit);
}

// Time to wait, in ms, after a run of `ran` ms that was itself started after waiting `before` (0: the first one).
inline unsigned backoff(unsigned before, std::uint64_t ran) {
  if (ran >= kSettled || before == 0) return kFirst;
  return std::min(before * 2, kMost);
}

}  // namespace secure::runtime::restart
