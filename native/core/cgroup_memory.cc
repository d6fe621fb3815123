// SPDX-License-Identifier: Apache-2.0
#include "cgroup_limits.h"

namespace secure::cgroup {

namespace {

constexpr const char* kLimit = "memory.limit_in_bytes";
constexpr const char* kBoth = "memory.memsw.limit_in_bytes";

Error no_swap_accounting() {
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "this kernel does not account swap, which the swap limit needs",
              "boot with swapaccount=1, or ask for no swap limit");
}

// A limit below what the group uses makes the kernel reclaim, and kill what cannot be reclaimed (v2).
Status check_usage(const Place& place, const spec::Resources& r) {
  const std::uint64_t usage = read_number(place.fd, place.v2 ? "memory.current" : "memory.usage_in_bytes");
  const std::uint64_t both = place.v2 ? usage + read_number(place.fd, "memory.swap.current")
                                      : read_number(place.fd, "memory.memsw.usage_in_bytes");
  auto reject = [](const char* what, std::int64_t limit, std::uint64_t used) {
    return fail(Stage::cgroup, "CGROUP_LIMIT_REFUSED", 0, "rejecting " + std::string(what) + " limit " + std::to_string(limit) + " <= usage " + std::to_string(used),
                "ask for a higher limit, or without checkBeforeUpdate");
  };
  if (r.memory_swap.value_or(0) > 0 && static_cast<std::uint64_t>(*r.memory_swap) <= both) return reject("memory+swap", *r.memory_swap, both);
  if (r.memory_limit.value_or(0) > 0 && static_cast<std::uint64_t>(*r.memory_limit) <= usage) return reject("memory", *r.memory_limit, usage);
  return Ok{};
}

Status set_v1_limit(int dir, std::int64_t limit) {
  auto status = set(dir, kLimit, std::to_string(limit));
  if (status || status.error().err != EBUSY) return status;
  return fail(Stage::cgroup, "CGROUP_LIMIT_REFUSED", EBUSY,
              "unable to set memory limit to " + std::to_string(limit) + " (current usage: " + std::to_string(read_number(dir, "memory.usage_in_bytes")) +
                  ", peak usage: " + std::to_string(read_number(dir, "memory.max_usage_in_bytes")) + ")",
              "the group uses more than the new limit and the kernel could not take enough of it back");
}

Status limits_v1(int dir, const spec::Resources& r) {
  const bool accounted = ::faccessat(dir, kBoth, F_OK, 0) == 0;
  auto both = r.memory_swap;
  // A limit that is taken away takes the one on memory and swap along; it could not be below it anyway.
  if (r.memory_limit == -1 && !asked(both) && accounted) both = -1;
  if (!accounted && both.value_or(0) > 0 && !r.swap_if_accounted) return no_swap_accounting();
  const bool swap = accounted && asked(both);
  bool limit = asked(r.memory_limit);
  // memory <= memory and swap must hold after each write, so a group that had limits may need the other order.
  if (limit && !(swap && *both == -1)) {
    auto status = set_v1_limit(dir, *r.memory_limit);
    if (!status && !(swap && status.error().err == EINVAL)) return status;
    limit = !status;
  }
  if (swap) SECURE_TRY(set(dir, kBoth, std::to_string(*both)));
  if (limit) SECURE_TRY(set_v1_limit(dir, *r.memory_limit));
  return Ok{};
}

Status write_v1(int dir, const spec::Resources& r) {
  SECURE_TRY(limits_v1(dir, r));
  if (asked(r.memory_reservation)) SECURE_TRY(set(dir, "memory.soft_limit_in_bytes", std::to_string(*r.memory_reservation)));
  if (asked(r.memory_kernel_tcp)) SECURE_TRY(set(dir, "memory.kmem.tcp.limit_in_bytes", std::to_string(*r.memory_kernel_tcp)));
  // Since 5.11 always on, and the kernel takes nothing else.
  if (r.use_hierarchy) SECURE_TRY(set(dir, "memory.use_hierarchy", *r.use_hierarchy ? "1" : "0"));
  if (r.disable_oom_killer) SECURE_TRY(set(dir, "memory.oom_control", "1"));
  if (r.memory_swappiness) SECURE_TRY(set(dir, "memory.swappiness", std::to_string(*r.memory_swappiness)));
  return Ok{};
}

std::string or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

Status write_v2(int dir, const spec::Resources& r) {
  if (r.memory_swappiness) return only_v1("/linux/resources/memory/swappiness");
  if (r.disable_oom_killer) return only_v1("/linux/resources/memory/disableOOMKiller");
  if (r.memory_kernel_tcp.value_or(0) > 0) return only_v1("/linux/resources/memory/kernelTCP");
  if (r.use_hierarchy == false) return only_v1("/linux/resources/memory/useHierarchy");
  auto both = r.memory_swap;
  if (r.memory_limit == -1 && !asked(both)) both = -1;
  if (asked(both)) {
    SECURE_LET(swap, swap_max(*both, r.memory_limit));
    const bool accounted = ::faccessat(dir, "memory.swap.max", F_OK, 0) == 0;
    // Without swap its use is 0, which is what "0" asks for.
    if (!accounted && swap != "max" && swap != "0" && !r.swap_if_accounted) return no_swap_accounting();
    if (accounted) SECURE_TRY(set(dir, "memory.swap.max", swap));
  }
  if (asked(r.memory_limit)) SECURE_TRY(set(dir, "memory.max", or_max(*r.memory_limit)));
  if (asked(r.memory_reservation)) SECURE_TRY(set(dir, "memory.low", or_max(*r.memory_reservation)));
  return Ok{};
}

}  // namespace

Result<std::string> swap_max(std::int64_t swap, std::optional<std::int64_t> memory) {
  if (swap < 0) return std::string("max");
  if (memory.value_or(0) <= 0)
    return fail(Stage::config, "SWAP_INVALID", 0, "unable to set swap limit without memory limit: /linux/resources/memory/swap counts memory and swap together",
                "set the memory limit too");
  if (swap < *memory)
    return fail(Stage::config, "SWAP_INVALID", 0, "memory+swap limit should be >= memory limit: /linux/resources/memory/swap is below /linux/resources/memory/limit");
  return std::to_string(swap - *memory);
}

Status write_memory(const Place& place, const spec::Resources& resources) {
  if (resources.check_before_update) SECURE_TRY(check_usage(place, resources));
  return place.v2 ? write_v2(place.fd, resources) : write_v1(place.fd, resources);
}

}  // namespace secure::cgroup
