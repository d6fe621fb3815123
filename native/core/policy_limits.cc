// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "policy_parts.h"

namespace secure::policy {

namespace {

constexpr std::int64_t kPeriod = 100'000;  // microseconds

// Absent, 0 and below are no limit.
bool beyond(const std::optional<std::int64_t>& value, std::int64_t bound) { return !value || *value <= 0 || *value > bound; }

void hold_cpu(const Policy& policy, bool absent_too, spec::Resources& r, const std::string& at, Report& report) {
  if (!policy.cpu || (!absent_too && !r.cpu_quota && !r.cpu_period)) return;
  // Of an update only what it says is changed, and what is a bound for one period is none for another.
  if (!absent_too && r.cpu_quota && !r.cpu_period) r.cpu_period = static_cast<std::uint64_t>(kPeriod);
  const std::int64_t period = r.cpu_period && *r.cpu_period > 0 && *r.cpu_period <= 1'000'000 ? static_cast<std::int64_t>(*r.cpu_period) : kPeriod;
  const auto most = static_cast<std::int64_t>(static_cast<__int128>(*policy.cpu) * period / kPeriod);
  if (!beyond(r.cpu_quota, most)) return;
  r.cpu_quota = most;
  r.cpu_period = static_cast<std::uint64_t>(period);
  report.tighten("cpus", at + "/cpu", "at most " + std::to_string(most) + " of " + std::to_string(period) + " us");
}

}  // namespace

void hold_limits(const Policy& policy, bool absent_too, spec::Resources& r, const std::string& at, Report& report) {
  if (policy.memory && (absent_too || r.memory_limit) && beyond(r.memory_limit, *policy.memory)) {
    r.memory_limit = *policy.memory;
    report.tighten("memory", at + "/memory/limit", std::to_string(*policy.memory));
  }
  // Memory and swap together. Left out it is no limit; of an update, what was set for another limit of memory alone.
  if (policy.memory && (absent_too || r.memory_limit || r.memory_swap) && beyond(r.memory_swap, *policy.memory)) {
    // Where the kernel does not account swap, engines ask for none.
    r.swap_if_accounted = r.memory_swap.value_or(0) == 0;
    r.memory_swap = *policy.memory;
    report.tighten("memory", at + "/memory/swap", std::to_string(*policy.memory));
  }
  if (policy.pids && (absent_too || r.pids_limit) && beyond(r.pids_limit, *policy.pids)) {
    r.pids_limit = *policy.pids;
    report.tighten("pids", at + "/pids/limit", std::to_string(*policy.pids));
  }
  hold_cpu(policy, absent_too, r, at, report);
  // Files of version 2 by their names would undo what was just set.
  const auto undone = [&](const auto& file) {
    const std::string_view name = file.first;
    return (policy.memory && name.starts_with("memory.")) || (policy.pids && name.starts_with("pids.")) || (policy.cpu && name.starts_with("cpu."));
  };
  for (const auto& file : r.unified)
    if (undone(file)) report.tighten("memory", at + "/unified/" + file.first, "left out");
  std::erase_if(r.unified, undone);
}

}  // namespace secure::policy
