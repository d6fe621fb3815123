// SPDX-License-Identifier: Apache-2.0
#include "cgroup_limits.h"

#include <algorithm>

namespace secure::cgroup {

namespace {

Error missing(const Group& group, const std::string& controller, const std::string& limit) {
  bool none = group.layout.hierarchies.empty();
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0,
              "the requested cgroup controller `" + controller + "` is not available, the " + limit + " needs it" +
                  (none ? ": there is no writable cgroup mount" : ""),
              none ? "run where /sys/fs/cgroup is writable, or ask for no limits"
                   : "enable it in cgroup.subtree_control of every parent of " + group.path +
                         " (no parent may have processes of its own), or ask for no such limit");
}

// Where a controller is, passed down to the group first where it has to be: create() leaves out the ones that cost
// every group something and are seldom asked for.
Place place_for(const Group& group, const char* controller, const char* probe) {
  Place place = place_of(group, controller, probe);
  if (place.fd < 0 && pass_controller(group, controller)) place = place_of(group, controller, probe);
  return place;
}

bool any_memory(const spec::Resources& r) {
  return asked(r.memory_limit) || asked(r.memory_swap) || asked(r.memory_reservation) || asked(r.memory_kernel_tcp) || r.memory_swappiness ||
         r.use_hierarchy || r.disable_oom_killer;
}

bool any_cpu(const spec::Resources& r) {
  return asked(r.cpu_shares) || asked(r.cpu_period) || asked(r.cpu_quota) || asked(r.cpu_rt_period) || asked(r.cpu_rt_runtime) || r.cpu_burst || r.cpu_idle;
}

bool any_io(const spec::BlockIo& r) {
  return r.weight || r.leaf_weight || !r.weight_devices.empty() || !r.read_bps.empty() || !r.write_bps.empty() || !r.read_iops.empty() || !r.write_iops.empty();
}

Status write_hugepages(const Group& group, const std::vector<spec::HugepageLimit>& limits) {
  if (limits.empty()) return Ok{};
  // The file by which v2 shows the controller carries a page size of this machine.
  Place place = place_for(group, "hugetlb", ("hugetlb." + limits[0].page_size + ".max").c_str());
  if (place.fd < 0) return missing(group, "hugetlb", "limit of huge pages of " + limits[0].page_size);
  for (const auto& one : limits) {
    const std::string start = "hugetlb." + one.page_size + ".", end = place.v2 ? "max" : "limit_in_bytes";
    SECURE_TRY(set(place.fd, start + end, std::to_string(one.limit)));
    // Reservations count against a limit of their own (Linux 5.7), which a process could otherwise pass before it touches a page.
    if (::faccessat(place.fd, (start + "rsvd." + end).c_str(), F_OK, 0) == 0)
      SECURE_TRY(set(place.fd, start + "rsvd." + end, std::to_string(one.limit)));
  }
  return Ok{};
}

Status write_rdma(const Group& group, const std::vector<spec::RdmaLimit>& limits) {
  if (limits.empty()) return Ok{};
  Place place = place_for(group, "rdma", "rdma.max");
  if (place.fd < 0) return missing(group, "rdma", "limit of rdma resources");
  for (const auto& one : limits) {
    std::string line = one.device;
    if (one.handles) line += " hca_handle=" + std::to_string(*one.handles);
    if (one.objects) line += " hca_object=" + std::to_string(*one.objects);
    if (line != one.device) SECURE_TRY(set(place.fd, "rdma.max", line));
  }
  return Ok{};
}

Status write_network(const Group& group, const spec::Resources& r) {
  if (r.net_class_id.value_or(0) != 0) {
    Place place = place_of(group, "net_cls", "net_cls.classid");
    if (place.fd < 0) return missing(group, "net_cls", "class of network packets");
    SECURE_TRY(set(place.fd, "net_cls.classid", std::to_string(*r.net_class_id)));
  }
  if (r.net_priorities.empty()) return Ok{};
  Place place = place_of(group, "net_prio", "net_prio.ifpriomap");
  if (place.fd < 0) return missing(group, "net_prio", "priority of network packets");
  for (const auto& [name, priority] : r.net_priorities)
    SECURE_TRY(set(place.fd, "net_prio.ifpriomap", name + " " + std::to_string(priority)));
  return Ok{};
}

Error not_on_v1(const std::string& why) {
  return fail(Stage::config, "CONTROLLER_MISSING", 0, "invalid configuration: /linux/resources/unified cannot be used on cgroup v1" + why,
              "use the fields of their own under /linux/resources");
}

// A controller belongs to one version at a time.
bool on_v1(const Group& group, const std::string& controller) {
  for (const auto& one : group.layout.hierarchies)
    if (!one.v2 && has(one, controller)) return true;
  return false;
}

Status write_unified(const Group& group, const spec::Resources& r) {
  if (r.unified.empty()) return Ok{};
  const int dir = v2_dir(group);
  if (dir < 0) return not_on_v1("");
  for (const auto& [file, value] : r.unified) {
    const std::string controller = file.substr(0, file.find('.'));
    if (on_v1(group, controller)) return not_on_v1(", where the controller " + controller + " of " + file + " is");
    if (controller != "cgroup" && ::faccessat(dir, file.c_str(), F_OK, 0) < 0 && !pass_controller(group, controller.c_str()))
      return missing(group, controller, "value of /linux/resources/unified/" + file);
    SECURE_TRY(set(dir, file, value));
  }
  return Ok{};
}

}  // namespace

Status set(int dir, const std::string& file, const std::string& value) {
  auto status = write_file_once(dir, file, value, Stage::cgroup);
  if (status) return status;
  const int err = status.error().err;
  // Distinguished from a missing controller, which has no file at all.
  if (err == ENOENT)
    return fail(Stage::cgroup, "CONTROLLER_MISSING", err, "write '" + value + "' to " + file,
                "this kernel was built or booted without that part of the controller; ask for no such limit");
  return fail(Stage::cgroup, "CGROUP_LIMIT_REFUSED", err, "write '" + value + "' to " + file,
              err == EBUSY    ? "the group uses more than the new limit"
              : err == EINVAL ? "the kernel refuses this value, or it does not go together with what the group or its parents have"
              : err == ENODEV ? "there is no such device"
                              : "");
}

const char* either(int dir, const char* first, const char* second) { return ::faccessat(dir, first, F_OK, 0) == 0 ? first : second; }

Error only_v1(const char* pointer) {
  return fail(Stage::config, "FIELD_UNSUPPORTED", 0, std::string(pointer) + " cannot be set with cgroup v2", "leave it out: version 2 has nothing like it");
}

Status write_limits(const Group& group, const spec::Resources& r) {
  if (any_memory(r)) {
    Place place = place_of(group, "memory", "memory.max");
    if (place.fd < 0) return missing(group, "memory", "memory limit");
    SECURE_TRY(write_memory(place, r));
  }
  if (r.pids_limit) {
    Place place = place_of(group, "pids", "pids.max");
    if (place.fd < 0 && *r.pids_limit >= 0) return missing(group, "pids", "limit of processes");
    // systemd has no limit of 0, and so neither driver does, as in runc; nothing could be started under it anyway.
    if (place.fd >= 0) SECURE_TRY(set(place.fd, "pids.max", *r.pids_limit < 0 ? "max" : std::to_string(std::max<std::int64_t>(*r.pids_limit, 1))));
  }
  if (any_cpu(r)) {
    Place place = place_of(group, "cpu", "cpu.max");
    if (place.fd < 0) return missing(group, "cpu", "limit of CPU time");
    SECURE_TRY(write_cpu(place, r));
  }
  if (!r.cpus.empty() || !r.mems.empty()) {
    Place place = place_of(group, "cpuset", "cpuset.cpus");
    if (place.fd < 0) return missing(group, "cpuset", "set of CPUs or memory nodes");
    if (!r.cpus.empty()) SECURE_TRY(set(place.fd, "cpuset.cpus", r.cpus));
    if (!r.mems.empty()) SECURE_TRY(set(place.fd, "cpuset.mems", r.mems));
  }
  if (any_io(r.block_io)) {
    Place place = place_of(group, "blkio", "io.max");
    if (place.fd < 0) return missing(group, "io", "limit of block devices");
    SECURE_TRY(write_io(place, r.block_io));
  }
  SECURE_TRY(write_hugepages(group, r.hugepages));
  SECURE_TRY(write_rdma(group, r.rdma));
  SECURE_TRY(write_network(group, r));
  return write_unified(group, r);
}

Status apply(const Group& group, const spec::Resources& r) {
  SECURE_TRY(write_limits(group, r));
  return apply_devices(group, r.devices);
}

}  // namespace secure::cgroup
