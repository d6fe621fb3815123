// SPDX-License-Identifier: Apache-2.0
// /sys/fs/cgroup. Made last, since it shows the group that the process is in by then.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "mountfd.h"
#include "path.h"
#include "rootfs_make.h"

namespace secure::rootfs {

namespace {

Result<Fd> hierarchy_mount(const cgroup::Hierarchy& hierarchy, std::uint64_t attributes) {
  if (hierarchy.v2) return mountfd::create("cgroup2", "cgroup2", {}, attributes);
  mountfd::FsOptions options;
  for (const auto& controller : hierarchy.controllers) {
    if (controller.starts_with("name=")) {
      options.emplace_back("none", "");
      options.emplace_back("name", controller.substr(5));
    } else {
      options.emplace_back(controller, "");
    }
  }
  return mountfd::create("cgroup", "cgroup", options, attributes);
}

struct Cgroups {
  const cgroup::Layout& layout;
  std::vector<Fd>& own;

  Result<Fd> one(std::size_t i, std::uint64_t attributes) {
    if (own.empty()) return hierarchy_mount(layout.hierarchies[i], attributes);
    SECURE_TRY(mountfd::set_attributes(own[i].get(), {attributes, 0}, false, "the container's cgroup"));
    return std::move(own[i]);
  }

  // The hierarchy that is all there is, or that type cgroup2 asks for.
  [[nodiscard]] const cgroup::Hierarchy* unified(const Planned& p) const {
    if (layout.mode != cgroup::Mode::v2 && p.mount->type != "cgroup2") return nullptr;
    for (const auto& hierarchy : layout.hierarchies)
      if (hierarchy.v2) return &hierarchy;
    return nullptr;
  }

  // A directory for each hierarchy, named as on the host, and a link for each controller that shares one.
  Status each(const Planned& p, int target) {
    const std::uint64_t attributes = p.options.attributes.set;
    SECURE_LET(top, mountfd::create("tmpfs", "tmpfs", {{"mode", "0755"}, {"size", "64k"}}, attributes & ~std::uint64_t{MOUNT_ATTR_RDONLY}));
    SECURE_TRY(mountfd::attach(top.get(), target, p.name()));
    for (std::size_t i = 0; i < layout.hierarchies.size(); ++i) {
      const auto& hierarchy = layout.hierarchies[i];
      const std::string name = hierarchy.mount.substr(hierarchy.mount.rfind('/') + 1);
      if (::mkdirat(top.get(), name.c_str(), 0755) < 0) return fail(Stage::cgroup, "MKDIR_FAILED", errno, p.name() + ": make " + name);
      SECURE_LET(dir, open_nofollow(top.get(), name, O_PATH | O_DIRECTORY));
      SECURE_LET(mount, one(i, attributes));
      SECURE_TRY(mountfd::attach(mount.get(), dir.get(), p.name() + "/" + name));
      if (name.find(',') == std::string::npos) continue;
      for (const auto& controller : hierarchy.controllers)
        if (::symlinkat(name.c_str(), top.get(), controller.c_str()) < 0 && errno != EEXIST)
          return fail(Stage::cgroup, "MKDIR_FAILED", errno, p.name() + ": make the link " + controller);
    }
    return mountfd::set_attributes(top.get(), {attributes & MOUNT_ATTR_RDONLY, 0}, false, p.name());
  }

  Status mount(int root, const Planned& p) {
    if (layout.mode == cgroup::Mode::none) return Ok{};  // nothing to show: the host has none
    SECURE_LET(target, resolve_or_create(root, p.destination, true, false));
    const cgroup::Hierarchy* only = unified(p);
    if (only == nullptr) return each(p, target.get());
    SECURE_LET(mount, one(static_cast<std::size_t>(only - layout.hierarchies.data()), p.options.attributes.set));
    return mountfd::attach(mount.get(), target.get(), p.name());
  }
};

}  // namespace

bool is_cgroup(const Planned& p) { return !p.options.bind && !p.options.remount && (p.mount->type == "cgroup" || p.mount->type == "cgroup2"); }

bool waits_for_cgroups(const std::vector<Planned>& mounts, const Planned& p) {
  if (is_cgroup(p)) return true;
  return std::any_of(mounts.data(), &p, [&](const Planned& earlier) {
    return is_cgroup(earlier) && (path::at_or_below(p.destination, earlier.destination) || path::at_or_below(earlier.destination, p.destination));
  });
}

Result<std::vector<Fd>> plan_cgroups(const spec::Spec& spec, const cgroup::Group& group) {
  std::vector<Fd> out;
  for (const auto& ns : spec.namespaces)
    if (ns.flag == CLONE_NEWCGROUP) return out;
  std::size_t mounts = 0;
  for (const auto& mount : spec.mounts) mounts += mount.type == "cgroup" || mount.type == "cgroup2" ? 1U : 0U;
  if (mounts == 0) return out;
  if (mounts > 1) return fail(Stage::config, "CONFIG_INVALID", 0, "a second cgroup mount needs a cgroup namespace in /linux/namespaces");
  for (const auto& dir : group.dirs) {
    SECURE_LET(mount, mountfd::clone(dir.get(), "", false));
    SECURE_TRY(mountfd::set_propagation(mount.get(), MS_PRIVATE, false, "the container's cgroup"));
    out.push_back(std::move(mount));
  }
  return out;
}

Status mount_cgroups(Tree& tree, std::vector<Planned>& mounts, const cgroup::Layout& layout, std::vector<Fd>& own) {
  Cgroups cgroups{layout, own};
  for (auto& p : mounts) {
    if (is_cgroup(p)) SECURE_TRY(cgroups.mount(tree.root.get(), p));
    else if (waits_for_cgroups(mounts, p)) SECURE_TRY(mount_one(tree, p));
  }
  return Ok{};
}

}  // namespace secure::rootfs
