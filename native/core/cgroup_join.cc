// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr std::size_t kMaxProcs = 64U << 20;

void read_pids(int dir, const std::string& file, std::vector<pid_t>& out) {
  // A threaded v2 group answers EOPNOTSUPP; its processes are listed by the group above.
  auto text = read_file(dir, file, kMaxProcs);
  if (!text) return;
  const char* at = text->data();
  const char* end = at + text->size();
  while (at < end) {
    pid_t pid = 0;
    auto [next, error] = std::from_chars(at, end, pid);
    // 0 stands for a process outside our pid namespace: kill(0) would be our own process group.
    if (error == std::errc{} && pid > 0) out.push_back(pid);
    at = std::find(next, end, '\n') + 1;
  }
}

}  // namespace

Result<std::vector<Fd>> open_joins(const Group& group, bool skip_v2) {
  std::vector<Fd> out;
  for (std::size_t i = 0; i < group.dirs.size(); ++i) {
    const auto& hierarchy = group.layout.hierarchies[i];
    if (!group.dirs[i].valid() || (skip_v2 && hierarchy.v2)) continue;
    const char* file = hierarchy.v2 ? "cgroup.procs" : "tasks";
    int fd = ::openat(group.dirs[i].get(), file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", errno, std::string("open ") + file + " of " + group.path + " in " + hierarchy.mount);
    out.emplace_back(fd);
  }
  return out;
}

Status join_self(const std::vector<Fd>& files) {
  for (const auto& file : files)
    if (::write(file.get(), "0", 1) != 1)
      return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", errno, "join the container's cgroup",
                  errno == ENOSPC ? "a v1 cpuset without cpus or memory nodes takes no process"
                  : errno == EINVAL ? "a v1 cpu group without /linux/resources/cpu/realtimeRuntime takes no process with a real-time policy of /process/scheduler"
                  : errno == EBUSY ? "a v2 cgroup whose children have controllers takes no process" : "");
  return Ok{};
}

Status join(const Group& group, pid_t pid, bool skip_v2) {
  if (pid <= 0) return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", EINVAL, "join pid " + std::to_string(pid));
  std::vector<std::pair<Fd, std::size_t>> files;
  for (std::size_t i = 0; i < group.dirs.size(); ++i) {
    if (!group.dirs[i].valid() || (skip_v2 && group.layout.hierarchies[i].v2)) continue;
    int fd = ::openat(group.dirs[i].get(), "cgroup.procs", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
      return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", errno, "open cgroup.procs in " + group.layout.hierarchies[i].mount);
    files.emplace_back(Fd(fd), i);
  }
  const std::string text = std::to_string(pid);
  for (const auto& [file, i] : files) {
    if (::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) continue;
    int err = errno;
    return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", err,
                "move process " + text + " to " + group.path + " in " + group.layout.hierarchies[i].mount,
                err == EACCES ? "the target needs write access to the common parent group" : "");
  }
  return Ok{};
}

Result<std::vector<pid_t>> processes(const Group& group) {
  std::vector<pid_t> out;
  for (const auto& top : group.dirs) {
    if (!top.valid()) continue;
    read_pids(top.get(), "cgroup.procs", out);
    std::vector<std::string> pending = child_groups(top.get());
    while (!pending.empty()) {
      std::string path = std::move(pending.back());
      pending.pop_back();
      auto dir = open_child(top.get(), path);
      if (!dir) continue;  // gone meanwhile
      read_pids(dir->get(), "cgroup.procs", out);
      for (const auto& name : child_groups(dir->get())) pending.push_back(path + "/" + name);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

MemoryFacts memory_facts(const Group& group) {
  MemoryFacts out;
  Place place = place_of(group, "memory", "memory.max");
  if (place.fd < 0) return out;
  if (place.v2) {
    out.oom_kills = read_number(place.fd, "memory.events", "oom_kill");
    out.limit = read_number(place.fd, "memory.max");
    out.peak = read_number(place.fd, "memory.peak");
    return out;
  }
  out.oom_kills = read_number(place.fd, "memory.oom_control", "oom_kill");
  out.limit = read_number(place.fd, "memory.limit_in_bytes");
  // v1 writes "unlimited" as the largest page-aligned signed number.
  if (out.limit >= (1ULL << 62)) out.limit = 0;
  out.peak = read_number(place.fd, "memory.max_usage_in_bytes");
  return out;
}

}  // namespace secure::cgroup
