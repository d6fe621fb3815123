// SPDX-License-Identifier: Apache-2.0
// Which control groups the process is in, and the limits that cgroupfs has for them.
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "cgroup_tree.h"
#include "enforced_parts.h"

namespace secure::enforced {

namespace {

bool carries(const cgroup::Membership& member, const cgroup::Hierarchy& hierarchy) {
  if (hierarchy.v2 || hierarchy.controllers.empty()) return hierarchy.v2 && member.controllers.empty();
  return member.of(hierarchy.controllers[0]);
}

// "max" and what is not a number count as no limit.
std::uint64_t limit_of(const std::string& text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text.c_str(), &end, 10);
  return end == text.c_str() || text.starts_with('-') ? ~std::uint64_t{0} : value;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void at_most(const cgroup::Group& group, const char* name, const char* controller, const char* v1, const char* v2,
             const std::optional<std::int64_t>& planned, std::vector<Control>& out) {
  Control control{name, "", false, "no such controller", "", false};
  const auto place = cgroup::place_of(group, controller, v2);
  if (place.fd >= 0) {
    const char* file = place.v2 ? v2 : v1;
    control.actual = trimmed(cgroup::read_text(place.fd, file));
    control.evidence = file;
  }
  if (planned && *planned > 0) {
    control.planned = std::to_string(*planned);
    // The kernel rounds down to pages.
    control.in_force = limit_of(control.actual) <= static_cast<std::uint64_t>(*planned);
  }
  out.push_back(std::move(control));
}

void prove_cpus(const cgroup::Group& group, const spec::Resources& plan, std::vector<Control>& out) {
  Control control{"cpus", "", false, "no such controller", "", false};
  const auto place = cgroup::place_of(group, "cpu", "cpu.max");
  long long quota = -1, period = 100000;
  if (place.fd >= 0) {
    control.evidence = place.v2 ? "cpu.max" : "cpu.cfs_quota_us, cpu.cfs_period_us";
    const std::string text = place.v2 ? cgroup::read_text(place.fd, "cpu.max")
                                      : trimmed(cgroup::read_text(place.fd, "cpu.cfs_quota_us")) + " " +
                                            cgroup::read_text(place.fd, "cpu.cfs_period_us");
    control.actual = join(words(text), " of ");
    if (::sscanf(text.c_str(), "%lld %lld", &quota, &period) != 2) quota = -1;
  }
  if (plan.cpu_quota.value_or(0) > 0) {
    const auto planned_period = static_cast<long long>(plan.cpu_period.value_or(0) == 0 ? 100000 : *plan.cpu_period);
    control.planned = std::to_string(*plan.cpu_quota) + " of " + std::to_string(planned_period);
    control.in_force = quota > 0 && period >= planned_period * quota / *plan.cpu_quota;
  }
  out.push_back(std::move(control));
  if (plan.cpus.empty()) return;
  const auto set = cgroup::place_of(group, "cpuset", "cpuset.cpus");
  const std::string actual = set.fd < 0 ? "no such controller" : trimmed(cgroup::read_text(set.fd, "cpuset.cpus"));
  out.push_back({"cpuset", plan.cpus, actual == plan.cpus, actual, "cpuset.cpus", false});
}

// Number of device programs attached to a v2 group; -1 where it cannot be asked.
int device_programs(int dir) {
  Fd open(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  bpf_attr attr{};
  attr.query.target_fd = static_cast<__u32>(open.get());
  attr.query.attach_type = BPF_CGROUP_DEVICE;
  if (::syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr) < 0) return -1;
  return static_cast<int>(attr.query.prog_cnt);
}

std::string device_text(const spec::DeviceRule& rule) {
  const auto number = [](const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : std::string("*"); };
  return std::string(1, rule.type) + " " + number(rule.major) + ":" + number(rule.minor) + " ";
}

void prove_devices(const cgroup::Group& group, const spec::Resources& plan, std::vector<Control>& out) {
  Control control{"devices", "", false, "no such controller", "", false};
  const auto policy = cgroup::device_policy(plan.devices);
  const bool planned = !plan.devices.empty() && policy.ok() && !policy->default_allow;
  if (planned) control.planned = "none but " + std::to_string(policy->exceptions.size()) + " device rules";
  for (std::size_t i = 0; i < group.dirs.size(); ++i) {
    const auto& hierarchy = group.layout.hierarchies[i];
    if (!group.dirs[i].valid()) continue;
    if (cgroup::has(hierarchy, "devices")) {
      const auto entries = lines(cgroup::read_text(group.dirs[i].get(), "devices.list"));
      std::vector<std::string> extra;
      for (const auto& entry : entries) {
        bool known = false;
        for (const auto& rule : policy.ok() ? policy->exceptions : std::vector<spec::DeviceRule>{})
          if (entry.starts_with(device_text(rule)) &&
              words(entry).back().find_first_not_of(rule.access) == std::string::npos) known = true;
        if (!known) extra.push_back(entry);
      }
      control.evidence = "devices.list";
      control.actual = std::to_string(entries.size()) + " allowed" + (extra.empty() ? "" : "; not planned: " + join(extra));
      control.in_force = planned && extra.empty();
      break;
    }
    if (hierarchy.v2 && group.layout.mode == cgroup::Mode::v2) {
      const int programs = device_programs(group.dirs[i].get());
      control.evidence = "BPF_PROG_QUERY of the group";
      control.actual = programs < 0 ? "cannot be asked" : std::to_string(programs) + " device filters";
      if (programs < 0) control.in_force = std::nullopt;
      else control.in_force = planned && programs > 0;
    }
  }
  out.push_back(std::move(control));
}

}  // namespace

void prove_cgroup(const Subject& subject, std::vector<Control>& out) {
  const auto& plan = *subject.plan;
  const auto layout = cgroup::detect();
  const auto members = cgroup::memberships(read_text(subject, "cgroup"));
  Control control{"cgroup", plan.cgroups_path, !plan.cgroups_path.empty(), "", "/proc/PID/cgroup", false};
  std::vector<std::string> outside;
  std::size_t inside = 0;
  if (layout.ok()) {
    for (const auto& hierarchy : layout->hierarchies) {
      for (const auto& member : members) {
        if (!carries(member, hierarchy)) continue;
        const bool in = member.path == plan.cgroups_path || member.path.starts_with(plan.cgroups_path + "/");
        if (in && !plan.cgroups_path.empty()) ++inside;
        else outside.push_back((hierarchy.v2 ? "unified" : member.controllers) + ":" + member.path);
      }
    }
  }
  if (!outside.empty() || inside == 0) control.in_force = false;
  control.actual = "in " + std::to_string(inside) + " hierarchies" + (outside.empty() ? "" : "; elsewhere: " + join(outside));
  out.push_back(std::move(control));

  // Without its group every planned limit is shown as missing, not left out.
  cgroup::Group group;
  if (layout.ok() && !plan.cgroups_path.empty())
    if (auto opened = cgroup::open(*layout, plan.cgroups_path); opened.ok()) group = std::move(*opened);
  const auto& limits = plan.resources;
  at_most(group, "memory", "memory", "memory.limit_in_bytes", "memory.max", limits.memory_limit, out);
  if (limits.memory_swap.value_or(0) > 0) {
    const auto swap = cgroup::place_of(group, "memory", "memory.max").v2 && limits.memory_limit
                          ? std::optional(*limits.memory_swap - *limits.memory_limit)
                          : limits.memory_swap;
    at_most(group, "memory-swap", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", swap, out);
  }
  at_most(group, "pids", "pids", "pids.max", "pids.max", limits.pids_limit, out);
  prove_cpus(group, limits, out);
  prove_devices(group, limits, out);
}

}  // namespace secure::enforced
