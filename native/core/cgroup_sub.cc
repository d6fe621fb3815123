// SPDX-License-Identifier: Apache-2.0
// Groups that a container made below its own, for exec.
#include <algorithm>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

// What another program would write to cgroup.procs: 0 is whoever writes.
Error not_there(const Group& group, const std::string& path, const Hierarchy& hierarchy, int err) {
  return fail(Stage::cgroup, "CGROUP_NOT_FOUND", err, "adding pid 0, the new process, to cgroups " + group.path + path + " in " + hierarchy.mount,
              err == ENOENT ? "exec makes no group; whoever is in the container has to, in a cgroup mount that is writable" : "");
}

bool has_any(const Hierarchy& hierarchy, const std::vector<std::string>& controllers) {
  return std::any_of(controllers.begin(), controllers.end(), [&](const std::string& one) { return has(hierarchy, one); });
}

}  // namespace

Status enter_below(Group& group, const SubGroup& wanted) {
  const auto& all = group.layout.hierarchies;
  for (const auto& name : wanted.controllers)
    if (std::none_of(all.begin(), all.end(), [&](const Hierarchy& one) { return has(one, name); }))
      return fail(Stage::config, "CONTROLLER_MISSING", 0, "unknown controller " + name + ": no hierarchy of this machine has it");
  const std::string path = clean_path(wanted.path);
  if (path.empty()) return Ok{};
  SECURE_LET(parts, components(path));
  for (std::size_t i = 0; i < group.dirs.size(); ++i) {
    if (!wanted.controllers.empty() && !has_any(all[i], wanted.controllers)) continue;
    if (!group.dirs[i].valid()) return not_there(group, path, all[i], ENOENT);
    for (const auto& part : parts) {
      auto child = open_child(group.dirs[i].get(), part);
      if (!child) return not_there(group, path, all[i], child.error().err);
      group.dirs[i] = std::move(*child);
    }
  }
  return Ok{};
}

Result<Group> group_of_process(const Layout& layout, pid_t pid) {
  SECURE_LET(text, read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup", 1U << 20));
  for (const auto& member : memberships(text))
    if (member.controllers.empty()) return open(layout, member.path);
  return fail(Stage::cgroup, "CGROUP_NOT_FOUND", ENOENT, "process " + std::to_string(pid) + " is in no cgroup of version 2");
}

}  // namespace secure::cgroup
