// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
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

// The words of a list such as cgroup.controllers, each followed by a blank.
std::string words(int dir, const char* file) {
  std::string text = " " + read_text(dir, file) + " ";
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Controllers reach a v2 group only when every ancestor passes them on. A refusal is no error here
// (EBUSY: the ancestor has processes of its own): apply() names the controller if a limit needs it.
void pass_controllers(int dir, const std::vector<std::string>& wanted) {
  const std::string offered = words(dir, "cgroup.controllers"), passed = words(dir, "cgroup.subtree_control");
  std::vector<std::string> missing;
  for (const auto& name : wanted) {
    const std::string word = " " + name + " ";
    if (offered.find(word) != std::string::npos && passed.find(word) == std::string::npos) missing.push_back("+" + name);
  }
  std::string all;
  for (const auto& one : missing) (all += all.empty() ? "" : " ") += one;
  if (missing.empty() || write_file_once(dir, "cgroup.subtree_control", all, Stage::cgroup)) return;
  // One that cannot be had (cpu, where a process of real time runs) makes the kernel refuse all.
  for (const auto& one : missing) (void)write_file_once(dir, "cgroup.subtree_control", one, Stage::cgroup);
}

// Where v2 is alone every controller that it has; beside v1 it is left with those that only a limit asks for.
std::vector<std::string> wanted_controllers(const Layout& layout, const Hierarchy& hierarchy) {
  std::vector<std::string> out;
  if (!hierarchy.v2) return out;
  static constexpr std::array<std::string_view, 5> kUsual{"cpuset", "cpu", "io", "memory", "pids"};
  for (const auto& name : hierarchy.controllers)
    if (layout.mode == Mode::v2 || std::find(kUsual.begin(), kUsual.end(), name) != kUsual.end()) out.push_back(name);
  return out;
}

// Somebody stopped what is in it, or is to come into it: a container would start and never move.
bool frozen(int at, const char* name) {
  auto dir = open_child(at, name);
  if (!dir) return false;
  const std::string v1 = read_text(dir->get(), "freezer.state");
  return v1.empty() ? read_text(dir->get(), "cgroup.freeze").starts_with('1') : !v1.starts_with("THAWED");
}

// mkdir of the container's own group. Returns 0, or errno of what stopped it; EBUSY: processes are in it, ESTALE: it is frozen.
int make_leaf(int at, const char* name) {
  for (int i = 0; i < kTries; ++i) {
    if (::mkdirat(at, name, 0755) == 0) return 0;
    if (errno != EEXIST) return errno;
    if (frozen(at, name)) return ESTALE;
    if (::unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) continue;
    if (errno != EBUSY && errno != ENOTEMPTY) return errno;
    // Sub-groups may be there already: an engine keeps its own monitor in one.
    auto dir = open_child(at, name);
    if (!dir) continue;
    return read_text(dir->get(), "cgroup.procs").empty() ? EEXIST : EBUSY;
  }
  return EBUSY;
}

Result<Fd> create_once(const Hierarchy& hierarchy, const std::vector<std::string>& parts, const std::vector<std::string>& wanted,
                       std::vector<Made>& made, bool keep, bool& retry) {
  SECURE_LET(at, open_mount(hierarchy));
  bool cpuset = false;
  for (const auto& controller : hierarchy.controllers) cpuset = cpuset || (!hierarchy.v2 && controller == "cpuset");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& name = parts[i];
    bool leaf = i + 1 == parts.size();
    if (!wanted.empty()) pass_controllers(at.get(), wanted);
    int err = leaf && !keep ? make_leaf(at.get(), name.c_str()) : (::mkdirat(at.get(), name.c_str(), 0755) == 0 ? 0 : errno);
    if (leaf && err == EBUSY)
      return fail(Stage::cgroup, "CGROUP_BUSY", 0, "container's cgroup is not empty: " + name + " in " + hierarchy.mount + " has processes in it",
                  "another container uses the same cgroup path");
    if (leaf && err == ESTALE)
      return fail(Stage::cgroup, "CGROUP_FROZEN", 0, "container's cgroup unexpectedly frozen: " + name + " in " + hierarchy.mount, "thaw it, or remove it");
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

Result<Fd> create_in(const Layout& layout, const Hierarchy& hierarchy, const std::vector<std::string>& parts, std::vector<Made>& made, bool keep, bool pass) {
  const auto wanted = pass ? wanted_controllers(layout, hierarchy) : std::vector<std::string>{};
  for (int i = 1;; ++i) {
    bool retry = false;
    auto dir = create_once(hierarchy, parts, wanted, made, keep, retry);
    if (dir || !retry || i == kTries) return dir;
  }
}

Result<Group> make(const Layout& layout, const std::string& path, bool keep, bool pass) {
  SECURE_LET(parts, components(path));
  Group out{layout, path, {}};
  std::vector<Made> made;
  for (const auto& hierarchy : layout.hierarchies) {
    auto dir = create_in(layout, hierarchy, parts, made, keep, pass);
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

}  // namespace

Result<Group> create(const Layout& layout, const std::string& path) { return make(layout, path, false, true); }
Result<Group> adopt(const Layout& layout, const std::string& path, bool pass) { return make(layout, path, true, pass); }

bool pass_controller(const Group& group, const std::string& name) {
  auto parts = components(group.path);
  const auto hierarchy = std::find_if(group.layout.hierarchies.begin(), group.layout.hierarchies.end(), [](const auto& h) { return h.v2; });
  if (!parts || hierarchy == group.layout.hierarchies.end()) return false;
  auto at = open_mount(*hierarchy);
  for (const auto& part : *parts) {
    if (!at) return false;
    if (words(at->get(), "cgroup.subtree_control").find(" " + name + " ") == std::string::npos &&
        !write_file_once(at->get(), "cgroup.subtree_control", "+" + name, Stage::cgroup))
      return false;
    at = open_child(at->get(), part);
  }
  return at.ok();
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
