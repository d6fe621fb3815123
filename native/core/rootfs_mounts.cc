// SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "mountfd.h"
#include "path.h"
#include "rootfs_make.h"

namespace secure::rootfs {

namespace {

// Kernel interfaces: an image that has a link in their place is refused, since everything that
// relies on them would go astray (CVE-2019-19921, CVE-2023-27561, CVE-2026-41579).
bool kernel_interface(const Planned& p) {
  if (!p.options.bind && (p.mount->type == "proc" || p.mount->type == "sysfs")) return true;
  static constexpr std::array<std::string_view, 3> kRoots{"/proc", "/sys", "/dev"};
  return std::any_of(kRoots.begin(), kRoots.end(), [&](auto root) { return path::at_or_below(p.destination, root); });
}

// Files of procfs that describe the machine and that engines replace with the container's share of it (LXCFS), as in runc. Nothing
// is controlled by them.
bool replaceable(std::string_view path) {
  static constexpr std::array<std::string_view, 10> kFiles{"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
      "/proc/loadavg", "/proc/slabinfo", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled"};
  return std::find(kFiles.begin(), kFiles.end(), path) != kFiles.end();
}

bool on_procfs(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

bool regular(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

// Engines and the image's own programs trust what /proc says: only procfs may be there (CVE-2019-16884).
Status check_destination(const Planned& p, int source) {
  const std::string& d = p.destination;
  if (!path::at_or_below(d, "/proc")) return Ok{};
  const bool proc = p.options.bind ? on_procfs(source) || (replaceable(d) && regular(source)) : d != "/proc" || p.mount->type == "proc";
  if (proc) return Ok{};
  return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": what is mounted on " + d + " must be of type proc: it cannot be mounted because it is inside /proc");
}

// Where it really lands: a link of the image, or of a volume that another container writes to, may lead to /proc.
Status check_target(const Planned& p, int target, int source) {
  if (!on_procfs(target)) return Ok{};
  if (p.options.bind ? on_procfs(source) || (replaceable(p.destination) && regular(source)) : p.mount->type == "proc") return Ok{};
  return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": it would cover a part of /proc");
}

Result<Fd> open_target(int root, const Planned& p, bool directory, bool& existed) {
  const bool follow = !kernel_interface(p);
  // A link can be a mount point itself: whatever it points at, or does not, stays as it is and out of sight.
  if (p.options.dest_nofollow && follow)
    if (auto link = resolve_link(root, p.destination)) return link;
  auto target = resolve_or_create(root, p.destination, directory, follow, &existed);
  if (!target && target.error().err == ELOOP && !follow) {
    target.error().message = p.name() + ": filesystem \"" + (p.options.bind ? "bind" : p.mount->type) + "\" must be mounted on ordinary directory";
  }
  return target;
}

// Option copy-symlink of crun: the same link, and nothing else, at the destination.
Status make_link(int root, const Planned& p) {
  const std::size_t slash = p.destination.rfind('/');
  SECURE_LET(parent, resolve_or_create(root, slash == 0 ? "/" : p.destination.substr(0, slash), true, !kernel_interface(p)));
  const std::string name = p.destination.substr(slash + 1);
  if (::symlinkat(p.link.c_str(), parent.get(), name.c_str()) == 0) return Ok{};
  const int e = errno;
  std::string there(p.link.size() + 1, '\0');
  const ssize_t n = e == EEXIST ? ::readlinkat(parent.get(), name.c_str(), there.data(), there.size()) : -1;
  if (n == static_cast<ssize_t>(p.link.size()) && there.starts_with(p.link)) return Ok{};
  return fail(Stage::mount, "MOUNT_FAILED", e, p.name() + ": make the symbolic link to " + p.link,
              e == EEXIST ? "there is something else in the image" : "");
}

Result<Fd> bind(const Planned& p, Fd source) {
  SECURE_TRY(check_destination(p, source.get()));
  mountfd::Attributes attributes = p.options.attributes;
  if (late_readonly(p)) attributes.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  SECURE_TRY(mountfd::set_attributes(source.get(), attributes, false, p.name()));
  return source;
}

// A mount on the root itself takes its place.
Status replace_root(Tree& tree, Planned& p, Fd mount) {
  SECURE_TRY(mountfd::attach(mount.get(), tree.root.get(), p.name()));
  tree.root = std::move(mount);
  return Ok{};
}

// The mode of a tmpfs and what tmpcopyup copies depend on whether the target was there.
Result<Fd> new_mount(Tree& tree, const Planned& p, const Fd& target, bool existed) {
  SECURE_TRY(check_destination(p, -1));
  SECURE_LET(mount, make(tree, p, target.get(), existed));
  if (p.options.tmpcopyup && existed) SECURE_TRY(copy_up(target.get(), mount.get(), p.name()));
  struct stat st {};
  if (tree.remounts && ::fstat(mount.get(), &st) == 0) tree.made.push_back(st.st_dev);
  return mount;
}

}  // namespace

Status mount_one(Tree& tree, Planned& p) {
  const int root = tree.root.get();
  const bool at_root = p.destination == "/";
  if (!p.link.empty()) return make_link(root, p);
  if (p.options.remount) {
    SECURE_LET(there, resolve(root, p.destination));
    return remount(tree, p, there.get());
  }
  if (at_root && !p.options.bind) return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": a new file system must not cover the root itself");
  if (p.source_inside) SECURE_TRY(take_inside(tree, p));
  bool existed = true;
  SECURE_LET(target, open_target(root, p, !p.options.bind || p.source_is_directory, existed));
  SECURE_LET(mount, p.options.bind ? bind(p, std::move(p.source)) : new_mount(tree, p, target, existed));
  SECURE_TRY(mountfd::set_attributes(mount.get(), p.options.recursive_attributes, true, p.name()));
  SECURE_TRY(check_target(p, target.get(), mount.get()));
  if (at_root) return replace_root(tree, p, std::move(mount));
  SECURE_TRY(mountfd::attach(mount.get(), target.get(), p.name()));
  if (late_readonly(p)) tree.late_readonly.push_back(std::move(mount));
  return Ok{};
}

Status mount_all(Tree& tree, std::vector<Planned>& mounts) {
  tree.remounts = std::any_of(mounts.begin(), mounts.end(), [](const Planned& p) { return p.options.remount; });
  for (auto& p : mounts)
    if (!waits_for_cgroups(mounts, p)) SECURE_TRY(mount_one(tree, p));
  return Ok{};
}

}  // namespace secure::rootfs
