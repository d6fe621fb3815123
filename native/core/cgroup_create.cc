// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <array>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr int kTries = 64;

// What create() made, so that a failure can take it back.
struct Made {
  Fd parent;
  std::string name;
};

// The parent vanished while we worked in it: the last container in it ended at this moment.
bool parent_gone(int err) { return err == ENOENT || err == ENODEV; }

Error refused(const Hierarchy& hierarchy, const std::string& name, int err) {
  std::string hint;
  if (err == EROFS || err == EACCES || err == EPERM)
    hint = "mount the cgroup file system writable, or delegate a part of it to this user";
  if (err == EAGAIN) hint = "cgroup.max.depth or cgroup.max.descendants of a parent is reached";
  return fail(Stage::cgroup, "CGROUP_CREATE_FAILED", err, "make cgroup " + name + " in " + hierarchy.mount, std::move(hint));
}

// A new v1 cpuset has neither cpus nor memory nodes, and no process can join it. Whoever comes first fills a
// shared parent, its maker or somebody who found it still empty.
Status inherit_cpuset(int parent, int child) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    if (read_text(child, file).find_first_not_of(" \n") != std::string::npos) continue;
    std::string value = read_text(parent, file);
    SECURE_TRY(write_file_once(child, file, value, Stage::cgroup));
  }
  return Ok{};
}

// Controllers reach a v2 group only when every ancestor passes them on. A refusal is no error here
// (EBUSY: the ancestor has processes of its own): apply() names the controller if a limit needs it.
void pass_controllers(int dir) {
  std::string offered = " " + read_text(dir, "cgroup.controllers") + " ";
  std::string passed = " " + read_text(dir, "cgroup.subtree_control") + " ";
  for (char* text : {offered.data(), passed.data()})
    for (char* c = text; *c != '\0'; ++c)
      if (*c == '\n') *c = ' ';
  for (const char* name : {"cpuset", "cpu", "io", "memory", "pids"}) {
    std::string word = " " + std::string(name) + " ";
    if (offered.find(word) != std::string::npos && passed.find(word) == std::string::npos)
      (void)write_file_once(dir, "cgroup.subtree_control", "+" + std::string(name), Stage::cgroup);
  }
}

// mkdir of the container's own group. Returns 0, or errno of what stopped it; EBUSY: processes are in it.
int make_leaf(int at, const char* name) {
  for (int i = 0; i < kTries; ++i) {
    if (::mkdirat(at, name, 0755) == 0) return 0;
    if (errno != EEXIST) return errno;
    if (::unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) continue;
    if (errno != EBUSY && errno != ENOTEMPTY) return errno;
    // Sub-groups may be there already: an engine keeps its own monitor in one.
    auto dir = open_child(at, name);
    if (!dir) continue;
    return read_text(dir->get(), "cgroup.procs").empty() ? EEXIST : EBUSY;
  }
  return EBUSY;
}

Result<Fd> create_once(const Hierarchy& hierarchy, const std::vector<std::string>& parts, std::vector<Made>& made,
                       bool& retry) {
  SECURE_LET(at, open_mount(hierarchy));
  bool cpuset = false;
  for (const auto& controller : hierarchy.controllers) cpuset = cpuset || (!hierarchy.v2 && controller == "cpuset");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& name = parts[i];
    bool leaf = i + 1 == parts.size();
    if (hierarchy.v2) pass_controllers(at.get());
    int err = leaf ? make_leaf(at.get(), name.c_str()) : (::mkdirat(at.get(), name.c_str(), 0755) == 0 ? 0 : errno);
    if (leaf && err == EBUSY)
      return fail(Stage::cgroup, "CGROUP_BUSY", 0, "cgroup " + name + " in " + hierarchy.mount + " has processes in it",
                  "another container uses the same cgroup path");
    if (err != 0 && err != EEXIST) {
      retry = parent_gone(err);
      return refused(hierarchy, name, err);
    }
    if (err == 0) made.push_back({Fd(::fcntl(at.get(), F_DUPFD_CLOEXEC, 3)), name});
    auto child = open_child(at.get(), name);
    if (!child) {
      retry = parent_gone(child.error().err);
      return std::move(child.error());
    }
    if (cpuset) {
      auto inherited = inherit_cpuset(at.get(), child->get());
      if (!inherited) {
        retry = parent_gone(inherited.error().err);
        return std::move(inherited.error());
      }
    }
    at = std::move(*child);
  }
  return at;
}

Result<Fd> create_in(const Hierarchy& hierarchy, const std::vector<std::string>& parts, std::vector<Made>& made) {
  for (int i = 1;; ++i) {
    bool retry = false;
    auto dir = create_once(hierarchy, parts, made, retry);
    if (dir || !retry || i == kTries) return dir;
  }
}

}  // namespace

Result<Group> create(const Layout& layout, const std::string& path) {
  SECURE_LET(parts, components(path));
  Group out{layout, path, {}};
  std::vector<Made> made;
  for (const auto& hierarchy : layout.hierarchies) {
    auto dir = create_in(hierarchy, parts, made);
    if (!dir) {
      // Deepest first. A parent that somebody else uses by now stays (EBUSY).
      for (auto it = made.rbegin(); it != made.rend(); ++it)
        (void)::unlinkat(it->parent.get(), it->name.c_str(), AT_REMOVEDIR);
      return std::move(dir.error());
    }
    out.dirs.push_back(std::move(*dir));
  }
  return out;
}

Result<Group> open(const Layout& layout, const std::string& path) {
  SECURE_LET(parts, components(path));
  Group out{layout, path, {}};
  bool found = false;
  for (const auto& hierarchy : layout.hierarchies) {
    SECURE_LET(at, open_mount(hierarchy));
    for (const auto& name : parts) {
      auto child = open_child(at.get(), name);
      if (!child && !parent_gone(child.error().err)) return std::move(child.error());
      at = child ? std::move(*child) : Fd();
      if (!at.valid()) break;
    }
    found = found || at.valid();
    out.dirs.push_back(std::move(at));
  }
  if (!found && !layout.hierarchies.empty())
    return fail(Stage::cgroup, "CGROUP_NOT_FOUND", ENOENT, "cgroup " + path + " does not exist");
  return out;
}

}  // namespace secure::cgroup
