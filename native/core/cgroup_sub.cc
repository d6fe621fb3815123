// SPDX-License-Identifier: Apache-2.0
// Groups that a container made below its own, for exec.
#include <fcntl.h>
#include <unistd.h>

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

Status check_delegate(const Layout& layout, const std::string& name) {
  const std::string what = "/annotations/run.oci.delegate-cgroup '" + name.substr(0, 128) + "' ";
  if (layout.mode != Mode::v2) return fail(Stage::config, "FIELD_UNSUPPORTED", 0, what + "needs a machine that has cgroup v2 alone", "a group of v1 cannot be given away safely");
  auto parts = components("/" + name);
  if (parts) return Ok{};
  return fail(Stage::config, "CGROUP_PATH_INVALID", 0, what + "is no path of a group below the container's", "a relative path without ..");
}

Status delegate(const Group& group, const std::string& name, pid_t pid, const std::pair<uid_t, gid_t>& owner) {
  const std::string path = group.path + "/" + name;
  SECURE_LET(below, adopt(group.layout, path, false));
  SECURE_TRY(join(below, pid, false));
  // The group has no process itself any more, and passes everything on.
  SECURE_TRY(adopt(group.layout, path));
  const int dir = v2_dir(below);
  // cgroups(7): what whoever manages the groups below has to own, and none of the limits.
  for (const char* file : {".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"})
    if (::fchownat(dir, file, owner.first, owner.second, AT_SYMLINK_NOFOLLOW) < 0)
      return fail(Stage::cgroup, "CGROUP_CREATE_FAILED", errno, "give cgroup " + path + " to the container");
  return Ok{};
}

Result<Group> group_of_process(const Layout& layout, pid_t pid) {
  SECURE_LET(text, read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup", 1U << 20));
  for (const auto& member : memberships(text))
    if (member.controllers.empty()) return open(layout, member.path);
  return fail(Stage::cgroup, "CGROUP_NOT_FOUND", ENOENT, "process " + std::to_string(pid) + " is in no cgroup of version 2");
}

}  // namespace secure::cgroup
