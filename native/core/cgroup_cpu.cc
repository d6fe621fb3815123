// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "cgroup_limits.h"

namespace secure::cgroup {

namespace {

// Two files whose values the kernel checks against each other: whichever it takes first, then the other again.
Status set_pair(int dir, const char* first, const std::string& one, const char* second, const std::string& two) {
  if (one.empty()) return two.empty() ? Status(Ok{}) : set(dir, second, two);
  auto status = set(dir, first, one);
  if (two.empty() || (!status && status.error().err != EINVAL)) return status;
  const bool again = !status;
  SECURE_TRY(set(dir, second, two));
  return again ? set(dir, first, one) : Ok{};
}

std::string number(const std::optional<std::uint64_t>& value) { return asked(value) ? std::to_string(*value) : ""; }

Status real_time(int dir, const spec::Resources& r) {
  return set_pair(dir, "cpu.rt_period_us", number(r.cpu_rt_period), "cpu.rt_runtime_us", asked(r.cpu_rt_runtime) ? std::to_string(*r.cpu_rt_runtime) : "");
}

// The file is there since Linux 5.14, and 0 is what a kernel without it does.
bool burst_asked(int dir, const char* file, const spec::Resources& r) {
  return r.cpu_burst && (*r.cpu_burst != 0 || ::faccessat(dir, file, F_OK, 0) == 0);
}

Status shares_v1(int dir, std::uint64_t shares) {
  // The kernel would silently take the nearest it has.
  if (shares < 2) return fail(Stage::config, "CGROUP_LIMIT_REFUSED", 0, "the minimum allowed cpu-shares is 2 (/linux/resources/cpu/shares)");
  if (shares > 262144) return fail(Stage::config, "CGROUP_LIMIT_REFUSED", 0, "the maximum allowed cpu-shares is 262144 (/linux/resources/cpu/shares)");
  return set(dir, "cpu.shares", std::to_string(shares));
}

Status write_v1(int dir, const spec::Resources& r) {
  SECURE_TRY(real_time(dir, r));
  // An idle group has no shares of its own, so it becomes one last and stops being one first.
  if (r.cpu_idle && *r.cpu_idle == 0) SECURE_TRY(set(dir, "cpu.idle", "0"));
  if (asked(r.cpu_shares)) SECURE_TRY(shares_v1(dir, *r.cpu_shares));
  const std::string quota = asked(r.cpu_quota) ? std::to_string(*r.cpu_quota) : "";
  SECURE_TRY(set_pair(dir, "cpu.cfs_period_us", number(r.cpu_period), "cpu.cfs_quota_us", quota));
  // A burst must not be above the quota: after it when it is raised, and lowered in time by whoever lowers the quota.
  if (burst_asked(dir, "cpu.cfs_burst_us", r)) SECURE_TRY(set(dir, "cpu.cfs_burst_us", std::to_string(*r.cpu_burst)));
  if (r.cpu_idle && *r.cpu_idle != 0) SECURE_TRY(set(dir, "cpu.idle", std::to_string(*r.cpu_idle)));
  return Ok{};
}

Status max_v2(int dir, const spec::Resources& r) {
  std::string max;
  if (asked(r.cpu_quota)) max = *r.cpu_quota < 0 ? "max" : std::to_string(*r.cpu_quota);
  else if (asked(r.cpu_period)) {
    // A period alone keeps the quota that there is.
    const std::string now = read_text(dir, "cpu.max");
    max = now.substr(0, now.find(' '));
    if (max.empty()) max = "max";
  }
  if (!max.empty() && asked(r.cpu_period)) max += " " + std::to_string(*r.cpu_period);
  const std::string burst = burst_asked(dir, "cpu.max.burst", r) ? std::to_string(*r.cpu_burst) : "";
  return set_pair(dir, "cpu.max.burst", burst, "cpu.max", max);
}

Status write_v2(int dir, const spec::Resources& r) {
  if (asked(r.cpu_rt_runtime)) return only_v1("/linux/resources/cpu/realtimeRuntime");
  if (asked(r.cpu_rt_period)) return only_v1("/linux/resources/cpu/realtimePeriod");
  if (r.cpu_idle && *r.cpu_idle == 0) SECURE_TRY(set(dir, "cpu.idle", "0"));
  if (asked(r.cpu_shares)) SECURE_TRY(set(dir, "cpu.weight", std::to_string(weight_from_shares(*r.cpu_shares))));
  SECURE_TRY(max_v2(dir, r));
  if (r.cpu_idle && *r.cpu_idle != 0) SECURE_TRY(set(dir, "cpu.idle", std::to_string(*r.cpu_idle)));
  return Ok{};
}

}  // namespace

std::uint64_t weight_from_shares(std::uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  double l = std::log2(static_cast<double>(shares));
  return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, (l * l + 125.0 * l) / 612.0 - 7.0 / 34.0)));
}

Status write_cpu(const Place& place, const spec::Resources& resources) {
  return place.v2 ? write_v2(place.fd, resources) : write_v1(place.fd, resources);
}

}  // namespace secure::cgroup
