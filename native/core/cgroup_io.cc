// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cgroup_limits.h"

namespace secure::cgroup {

namespace {

std::string device(const auto& limit) { return std::to_string(limit.major) + ":" + std::to_string(limit.minor) + " "; }

// 10..1000 to 1..10000, as runc and crun do.
unsigned io_weight(unsigned weight) { return 1 + (weight - 10) * 9999 / 990; }

Status write_v1(int dir, const spec::BlockIo& r) {
  // The weights are those of the CFQ scheduler, which Linux 5.0 dropped, or of BFQ.
  if (r.weight) SECURE_TRY(set(dir, either(dir, "blkio.weight", "blkio.bfq.weight"), std::to_string(*r.weight)));
  if (r.leaf_weight) SECURE_TRY(set(dir, "blkio.leaf_weight", std::to_string(*r.leaf_weight)));
  for (const auto& one : r.weight_devices) {
    if (one.weight) SECURE_TRY(set(dir, either(dir, "blkio.weight_device", "blkio.bfq.weight_device"), device(one) + std::to_string(*one.weight)));
    if (one.leaf_weight) SECURE_TRY(set(dir, "blkio.leaf_weight_device", device(one) + std::to_string(*one.leaf_weight)));
  }
  for (const auto& [list, file] : {std::pair{&r.read_bps, "blkio.throttle.read_bps_device"}, {&r.write_bps, "blkio.throttle.write_bps_device"},
                                   {&r.read_iops, "blkio.throttle.read_iops_device"}, {&r.write_iops, "blkio.throttle.write_iops_device"}})
    for (const auto& one : *list) SECURE_TRY(set(dir, file, device(one) + std::to_string(one.rate)));
  return Ok{};
}

Status write_v2(int dir, const spec::BlockIo& r) {
  if (r.leaf_weight) return only_v1("/linux/resources/blockIO/leafWeight");
  const bool bfq = (r.weight || !r.weight_devices.empty()) && ::faccessat(dir, "io.bfq.weight", F_OK, 0) == 0;
  auto scaled = [&](unsigned weight) { return std::to_string(bfq ? weight : io_weight(weight)); };
  const char* file = bfq ? "io.bfq.weight" : "io.weight";
  if (r.weight) SECURE_TRY(set(dir, file, scaled(*r.weight)));
  for (const auto& one : r.weight_devices) {
    if (one.leaf_weight) return only_v1("/linux/resources/blockIO/weightDevice/leafWeight");
    if (one.weight) SECURE_TRY(set(dir, file, device(one) + scaled(*one.weight)));
  }
  for (const auto& [list, key] : {std::pair{&r.read_bps, "rbps="}, {&r.write_bps, "wbps="}, {&r.read_iops, "riops="}, {&r.write_iops, "wiops="}})
    for (const auto& one : *list) SECURE_TRY(set(dir, "io.max", device(one) + key + (one.rate == 0 ? "max" : std::to_string(one.rate))));
  return Ok{};
}

}  // namespace

Status write_io(const Place& place, const spec::BlockIo& limits) { return place.v2 ? write_v2(place.fd, limits) : write_v1(place.fd, limits); }

}  // namespace secure::cgroup
