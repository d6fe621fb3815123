// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

Error missing(const Group& group, const std::string& controller, const std::string& limit) {
  bool none = group.layout.hierarchies.empty();
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0,
              "the " + controller + " controller, which the " + limit + " needs, is not available" +
                  (none ? ": there is no writable cgroup mount" : ""),
              none ? "run where /sys/fs/cgroup is writable, or ask for no limits"
                   : "enable it in cgroup.subtree_control of every parent of " + group.path +
                         " (no parent may have processes of its own), or ask for no such limit");
}

Status set(int dir, const char* file, const std::string& value) {
  auto status = write_file_once(dir, file, value, Stage::cgroup);
  if (!status)
    return fail(Stage::cgroup, "CGROUP_LIMIT_REFUSED", status.error().err, "write '" + value + "' to " + file,
                status.error().err == EBUSY ? "the group uses more than the new limit" : "");
  return Ok{};
}

std::string text_v1(std::int64_t value) { return std::to_string(value < 0 ? -1 : value); }
std::string text_v2(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

bool asked(const std::optional<std::int64_t>& value) { return value && *value != 0; }

Error no_swap_accounting() {
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "this kernel does not account swap, which the swap limit needs",
              "boot with swapaccount=1, or ask for no swap limit");
}

Status memory_v1(int dir, const spec::Resources& r) {
  static constexpr const char* kSwap = "memory.memsw.limit_in_bytes";
  const bool accounted = ::faccessat(dir, kSwap, F_OK, 0) == 0;
  if (!accounted && r.memory_swap.value_or(0) > 0) return no_swap_accounting();
  const bool swap = accounted && asked(r.memory_swap);
  // memory <= memory and swap must hold after each write, so a group that had limits may need the other order.
  if (asked(r.memory_limit) &&
      !write_file_once(dir, "memory.limit_in_bytes", text_v1(*r.memory_limit), Stage::cgroup)) {
    if (swap) SECURE_TRY(set(dir, kSwap, text_v1(*r.memory_swap)));
    SECURE_TRY(set(dir, "memory.limit_in_bytes", text_v1(*r.memory_limit)));
  }
  if (swap) SECURE_TRY(set(dir, kSwap, text_v1(*r.memory_swap)));
  if (asked(r.memory_reservation)) SECURE_TRY(set(dir, "memory.soft_limit_in_bytes", text_v1(*r.memory_reservation)));
  return Ok{};
}

Status memory_v2(int dir, const spec::Resources& r) {
  if (asked(r.memory_swap)) {
    SECURE_LET(swap, swap_max(*r.memory_swap, r.memory_limit));
    const bool accounted = ::faccessat(dir, "memory.swap.max", F_OK, 0) == 0;
    if (!accounted && swap != "max") return no_swap_accounting();
    if (accounted) SECURE_TRY(set(dir, "memory.swap.max", swap));
  }
  if (asked(r.memory_limit)) SECURE_TRY(set(dir, "memory.max", text_v2(*r.memory_limit)));
  if (asked(r.memory_reservation)) SECURE_TRY(set(dir, "memory.low", text_v2(*r.memory_reservation)));
  return Ok{};
}

Status cpu_v1(int dir, const spec::Resources& r) {
  if (r.cpu_shares.value_or(0) != 0) SECURE_TRY(set(dir, "cpu.shares", std::to_string(*r.cpu_shares)));
  if (r.cpu_period.value_or(0) != 0) SECURE_TRY(set(dir, "cpu.cfs_period_us", std::to_string(*r.cpu_period)));
  if (asked(r.cpu_quota)) SECURE_TRY(set(dir, "cpu.cfs_quota_us", text_v1(*r.cpu_quota)));
  return Ok{};
}

Status cpu_v2(int dir, const spec::Resources& r) {
  if (r.cpu_shares.value_or(0) != 0)
    SECURE_TRY(set(dir, "cpu.weight", std::to_string(weight_from_shares(*r.cpu_shares))));
  if (asked(r.cpu_quota) || r.cpu_period.value_or(0) != 0) {
    // A period alone keeps "no quota".
    std::string quota = asked(r.cpu_quota) ? text_v2(*r.cpu_quota) : "max";
    std::string period = r.cpu_period.value_or(0) != 0 ? " " + std::to_string(*r.cpu_period) : "";
    SECURE_TRY(set(dir, "cpu.max", quota + period));
  }
  return Ok{};
}

}  // namespace

std::uint64_t weight_from_shares(std::uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  double l = std::log2(static_cast<double>(shares));
  return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, (l * l + 125.0 * l) / 612.0 - 7.0 / 34.0)));
}

Result<std::string> swap_max(std::int64_t swap, std::optional<std::int64_t> memory) {
  if (swap < 0) return std::string("max");
  if (memory.value_or(0) <= 0)
    return fail(Stage::config, "SWAP_INVALID", 0, "a swap limit (memory and swap together) needs a memory limit",
                "set the memory limit too");
  if (swap < *memory)
    return fail(Stage::config, "SWAP_INVALID", 0, "the limit of memory and swap together is below that of memory alone");
  return std::to_string(swap - *memory);
}

Status apply(const Group& group, const spec::Resources& r) {
  if (asked(r.memory_limit) || asked(r.memory_swap) || asked(r.memory_reservation)) {
    Place place = place_of(group, "memory", "memory.max");
    if (place.fd < 0) return missing(group, "memory", "memory limit");
    SECURE_TRY(place.v2 ? memory_v2(place.fd, r) : memory_v1(place.fd, r));
  }
  if (asked(r.pids_limit)) {
    Place place = place_of(group, "pids", "pids.max");
    if (place.fd < 0) return missing(group, "pids", "limit of processes");
    SECURE_TRY(set(place.fd, "pids.max", text_v2(*r.pids_limit)));
  }
  if (r.cpu_shares.value_or(0) != 0 || r.cpu_period.value_or(0) != 0 || asked(r.cpu_quota)) {
    Place place = place_of(group, "cpu", "cpu.max");
    if (place.fd < 0) return missing(group, "cpu", "limit of CPU time");
    SECURE_TRY(place.v2 ? cpu_v2(place.fd, r) : cpu_v1(place.fd, r));
  }
  if (!r.cpus.empty() || !r.mems.empty()) {
    Place place = place_of(group, "cpuset", "cpuset.cpus");
    if (place.fd < 0) return missing(group, "cpuset", "set of CPUs or memory nodes");
    if (!r.cpus.empty()) SECURE_TRY(set(place.fd, "cpuset.cpus", r.cpus));
    if (!r.mems.empty()) SECURE_TRY(set(place.fd, "cpuset.mems", r.mems));
  }
  return apply_devices(group, r.devices);
}

}  // namespace secure::cgroup
