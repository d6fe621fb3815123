// SPDX-License-Identifier: Apache-2.0
// The root itself: taken from the host, put in place, and made the only one.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lsm.h"
#include "mountfd.h"
#include "overlay.h"
#include "rootfs.h"

namespace secure::rootfs {

namespace {

mount_options::Propagation wanted_propagation(const spec::Spec& spec) {
  return mount_options::propagation(spec.rootfs_propagation).value_or(mount_options::Propagation{MS_PRIVATE, true});
}

Status private_tree() {
  mount_attr attr{};
  attr.propagation = MS_PRIVATE;
  if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof attr) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "make the mount tree private");
  return Ok{};
}

// A procfs or sysfs that is fully visible somewhere in the mount namespace, though outside of the root, is what lets a user
// namespace inside mount new ones, without any of the masks. A mount that is locked, because it came with the user namespace, is covered.
Status hide_interfaces() {
  SECURE_LET(table, read_file(AT_FDCWD, "/proc/self/mountinfo", 64U << 20));
  std::vector<std::string> points;
  for (std::size_t pos = 0; pos < table.size();) {
    const std::size_t end = std::min(table.find('\n', pos), table.size());
    const std::string line = table.substr(pos, end - pos);
    pos = end + 1;
    const std::size_t type = line.find(" - ");
    if (type == std::string::npos || (line.compare(type, 8, " - proc ") != 0 && line.compare(type, 9, " - sysfs ") != 0)) continue;
    std::size_t field = 0;
    for (int skipped = 0; skipped < 4; ++skipped) field = line.find(' ', field) + 1;
    std::string point;
    for (std::size_t i = field; i < line.size() && line[i] != ' '; ++i) {
      if (line[i] == '\\' && i + 3 < line.size()) {
        point += static_cast<char>((line[i + 1] - '0') * 64 + (line[i + 2] - '0') * 8 + (line[i + 3] - '0'));
        i += 3;
      } else {
        point += line[i];
      }
    }
    points.push_back(std::move(point));
  }
  // Innermost first.
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (::umount2(point->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == ENOENT) continue;
    SECURE_LET(cover, mountfd::create("tmpfs", "tmpfs", {{"size", "4k"}, {"nr_inodes", "1"}, {"mode", "0"}}, MOUNT_ATTR_RDONLY));
    if (::move_mount(cover.get(), "", AT_FDCWD, point->c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0)
      return fail(Stage::rootfs, "MOUNT_FAILED", errno, "cover the host's " + *point);
  }
  return Ok{};
}

Status pivot() {
  // pivot_root(".", ".") stacks the old root on the new one, so no directory inside the image
  // is needed for it (pivot_root(2), NOTES).
  if (::syscall(SYS_pivot_root, ".", ".") < 0)
    return fail(Stage::rootfs, "PIVOT_FAILED", errno, "pivot_root",
                errno == EINVAL ? "the host's root may be an initramfs, which cannot be pivoted: --no-pivot does without, and protects less" : "");
  if (::umount2(".", MNT_DETACH) < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "drop the old root");
  if (::chdir("/") < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "enter the new root");
  return Ok{};
}

}  // namespace

std::string root_path(const spec::Spec& spec, const std::string& bundle) {
  return spec.root_path[0] == '/' ? spec.root_path : bundle + "/" + spec.root_path;
}

Result<Fd> take_root(const spec::Spec& spec, const std::string& bundle, int userns) {
  if (spec.secure) {
    const std::string label = lsm::has_selinux() ? spec.mount_label : "";
    return overlay::create({spec.secure->layers, spec.secure->upper_dir, spec.secure->work_dir, label}, userns);
  }
  const std::string path = root_path(spec, bundle);
  Fd dir(sys_openat2(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY, 0, spec.root_resolved ? std::uint64_t{RESOLVE_NO_SYMLINKS} : 0));
  if (!dir.valid())
    return fail(Stage::rootfs, errno == ENOENT ? "ROOT_MISSING" : "ROOT_REFUSED", errno, "/root/path: open " + path,
                errno == ENOTDIR ? "it must be a directory" : "");
  SECURE_LET(mount, mountfd::clone(dir.get(), "", true));
  // Only as a slave it hears of the host; a new peer group, which "shared" means, is made when all is in place.
  const bool slave = wanted_propagation(spec).type == MS_SLAVE;
  SECURE_TRY(mountfd::set_propagation(mount.get(), slave ? MS_SLAVE : MS_PRIVATE, true, path));
  return mount;
}

Origin origin_of_root(const spec::Spec& spec, const std::string& bundle, const Fd& root) {
  struct stat st {};
  if (spec.secure || ::fstat(root.get(), &st) < 0) return {};
  return {root_path(spec, bundle), false, 0, st.st_dev, st.st_ino, wanted_propagation(spec).type == MS_SLAVE ? static_cast<unsigned long>(MS_SLAVE) : static_cast<unsigned long>(MS_PRIVATE)};
}

Status attach_root(int root, const std::string& at) {
  // Nothing that happens here may reach the host, and nothing of the host may arrive later.
  SECURE_TRY(private_tree());
  if (!at.empty())
    if (Fd place(::open(at.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); place.valid() && ::move_mount(root, "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
      return Ok{};
  // On top of "/": the container side cannot reach the 0700 directories of the host, and "/" is
  // the one mount point that is always there.
  if (::move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "attach the root");
  return Ok{};
}

Status finish(Tree& tree, const spec::Spec& spec, bool no_pivot) {
  const int root = tree.root.get();
  for (const auto& mount : tree.late_readonly) SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_RDONLY, 0}, false, "a read-only mount"));
  tree.late_readonly.clear();
  if (spec.root_readonly) SECURE_TRY(mountfd::set_attributes(root, {MOUNT_ATTR_RDONLY, 0}, false, "the root"));
  if (no_pivot) SECURE_TRY(hide_interfaces());
  if (::fchdir(root) < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "enter the root");
  if (no_pivot) {
    if (::chroot(".") < 0 || ::chdir("/") < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "change the root");
  } else {
    SECURE_TRY(pivot());
  }
  // Not before: pivot_root(2) takes no shared mount.
  const auto wanted = wanted_propagation(spec);
  if (wanted.type == MS_SHARED || wanted.type == MS_UNBINDABLE) return mountfd::set_propagation(root, wanted.type, wanted.recursive, "the root");
  return Ok{};
}

}  // namespace secure::rootfs
