// SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "mountfd.h"
#include "rootfs.h"

namespace secure::rootfs {

namespace {

bool is_cgroup(const Planned& p) { return !p.options.bind && (p.mount->type == "cgroup" || p.mount->type == "cgroup2"); }

// Kernel interfaces: an image that has a link in their place is refused, since everything that
// relies on them would go astray (CVE-2019-19921, CVE-2023-27561, CVE-2026-41579).
bool kernel_interface(const std::string& destination) {
  static constexpr std::array<std::string_view, 3> kRoots{"/proc", "/sys", "/dev"};
  for (auto root : kRoots)
    if (destination == root || (destination.starts_with(root) && destination[root.size()] == '/')) return true;
  return false;
}

bool on_procfs(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

Status check_destination(const Planned& p) {
  const std::string& d = p.mount->destination;
  if (std::all_of(d.begin(), d.end(), [](char c) { return c == '/'; }))
    return fail(Stage::config, "CONFIG_INVALID", 0, "a mount must not cover the root itself");
  // Engines and the image's own programs trust what /proc says: only procfs may be there (CVE-2019-16884).
  bool proc = d == "/proc" || d.starts_with("/proc/");
  if (proc && p.options.bind) {
    if (!on_procfs(p.source.get()))
      return fail(Stage::config, "CONFIG_INVALID", 0, "a mount on " + d + " must be of type proc");
  } else if (d == "/proc" && p.mount->type != "proc") {
    return fail(Stage::config, "CONFIG_INVALID", 0, "a mount on /proc must be of type proc");
  }
  return Ok{};
}

// Where it really lands: a link of the image, or of a volume that another container writes to, may lead to /proc.
Status check_target(const Planned& p, int target, bool procfs_source) {
  if (p.mount->type == "proc" || procfs_source || !on_procfs(target)) return Ok{};
  return fail(Stage::config, "CONFIG_INVALID", 0, "the mount on " + p.mount->destination + " would cover a part of /proc");
}

// Options of the new file system; "ro" for a new sysfs or cgroup stays a flag of the mount.
Result<Fd> make(const Planned& p) {
  static constexpr std::array<std::string_view, 5> kTypes{"proc", "sysfs", "tmpfs", "devpts", "mqueue"};
  if (std::find(kTypes.begin(), kTypes.end(), p.mount->type) == kTypes.end())
    return fail(Stage::config, "CONFIG_INVALID", 0, "mount type '" + p.mount->type + "' on " + p.mount->destination + " is not supported");
  std::string source = p.mount->source.empty() ? p.mount->type : p.mount->source;
  return mountfd::create(p.mount->type, source, p.options.fs, p.options.attributes.set);
}

// A link can be a mount point itself: whatever it points at, or does not, stays as it is and out of sight.
Result<Fd> open_target(int root, const Planned& p, bool directory) {
  const std::string& path = p.mount->destination;
  const bool follow = !kernel_interface(path);
  if (p.options.dest_nofollow && follow) {
    int fd = sys_openat2(root, path.c_str(), O_PATH | O_NOFOLLOW, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (fd >= 0) return Fd(fd);
  }
  return resolve_or_create(root, path, directory, follow);
}

Status attach_planned(int root, Planned& p) {
  SECURE_TRY(check_destination(p));
  const std::string& destination = p.mount->destination;
  bool directory = !p.options.bind || p.source_is_directory;
  Fd mount = std::move(p.source);
  if (!p.options.bind) {
    SECURE_LET(made, make(p));
    mount = std::move(made);
  } else {
    if (!p.options.fs.empty())
      return fail(Stage::config, "CONFIG_INVALID", 0, "option '" + p.options.fs[0].first + "' means nothing for the bind on " + destination);
    SECURE_TRY(mountfd::set_attributes(mount.get(), p.options.attributes, false, destination));
  }
  SECURE_TRY(mountfd::set_attributes(mount.get(), p.options.recursive_attributes, true, destination));
  SECURE_LET(target, open_target(root, p, directory));
  SECURE_TRY(check_target(p, target.get(), p.options.bind && on_procfs(mount.get())));
  return mountfd::attach(mount.get(), target.get(), destination);
}

Result<Fd> cgroup_mount(const cgroup::Hierarchy& hierarchy, std::uint64_t attributes) {
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

}  // namespace

Status mount_all(int root, std::vector<Planned>& mounts) {
  for (auto& p : mounts)
    if (!is_cgroup(p)) SECURE_TRY(attach_planned(root, p));
  return Ok{};
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

Status mount_cgroups(int root, std::vector<Planned>& mounts, const cgroup::Layout& layout, std::vector<Fd>& own) {
  auto make_one = [&](std::size_t i, std::uint64_t attributes) -> Result<Fd> {
    if (own.empty()) return cgroup_mount(layout.hierarchies[i], attributes);
    SECURE_TRY(mountfd::set_attributes(own[i].get(), {attributes, 0}, false, "the container's cgroup"));
    return std::move(own[i]);
  };
  for (auto& p : mounts) {
    if (!is_cgroup(p)) continue;
    if (layout.mode == cgroup::Mode::none) continue;  // nothing to show: the host has none
    const std::string& at = p.mount->destination;
    SECURE_LET(target, resolve_or_create(root, at, true, false));
    std::uint64_t attributes = p.options.attributes.set;
    if (layout.mode == cgroup::Mode::v2) {
      SECURE_LET(mount, make_one(0, attributes));
      SECURE_TRY(mountfd::attach(mount.get(), target.get(), at));
      continue;
    }
    SECURE_LET(top, mountfd::create("tmpfs", "tmpfs", {{"mode", "0755"}, {"size", "64k"}}, attributes & ~std::uint64_t{MOUNT_ATTR_RDONLY}));
    SECURE_TRY(mountfd::attach(top.get(), target.get(), at));
    for (std::size_t i = 0; i < layout.hierarchies.size(); ++i) {
      const auto& hierarchy = layout.hierarchies[i];
      std::string name = hierarchy.mount.substr(hierarchy.mount.rfind('/') + 1);
      if (::mkdirat(top.get(), name.c_str(), 0755) < 0)
        return fail(Stage::cgroup, "MKDIR_FAILED", errno, "make " + at + "/" + name);
      SECURE_LET(dir, open_nofollow(top.get(), name, O_PATH | O_DIRECTORY));
      SECURE_LET(mount, make_one(i, attributes));
      SECURE_TRY(mountfd::attach(mount.get(), dir.get(), at + "/" + name));
    }
    SECURE_TRY(mountfd::set_attributes(top.get(), {attributes & MOUNT_ATTR_RDONLY, 0}, false, at));
  }
  return Ok{};
}

namespace {

// The first use attaches the cover itself, later ones a copy of it: a detached mount of another mount
// namespace cannot be copied.
Status cover_with(Cover& cover, int target, const std::string& path) {
  std::string what = "the mask on " + path;
  if (!cover.attached) {
    cover.attached = true;
    return mountfd::attach(cover.mount.get(), target, what);
  }
  SECURE_LET(copy, mountfd::clone(cover.mount.get(), "", false));
  return mountfd::attach(copy.get(), target, what);
}

}  // namespace

Status mask(int root, const std::vector<std::string>& paths, Covers& covers) {
  for (const auto& path : paths) {
    auto target = resolve(root, path);
    if (!target) {
      if (target.error().code == "NOT_FOUND" || target.error().err == ENOTDIR) continue;
      return std::move(target.error());
    }
    struct stat st {};
    if (::fstat(target->get(), &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, "look at " + path);
    SECURE_TRY(cover_with(S_ISDIR(st.st_mode) ? covers.empty : covers.null, target->get(), path));
  }
  return Ok{};
}

Status make_readonly(int root, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    auto target = resolve(root, path);
    if (!target) {
      if (target.error().code == "NOT_FOUND" || target.error().err == ENOTDIR) continue;
      return std::move(target.error());
    }
    SECURE_LET(tree, mountfd::clone(target->get(), "", true));
    SECURE_TRY(mountfd::set_attributes(tree.get(), {MOUNT_ATTR_RDONLY, 0}, true, path));
    SECURE_TRY(mountfd::attach(tree.get(), target->get(), path));
  }
  return Ok{};
}

}  // namespace secure::rootfs
