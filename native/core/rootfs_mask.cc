// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mountfd.h"
#include "rootfs.h"

namespace secure::rootfs {

namespace {

// The first use attaches the cover itself, later ones a copy of it: a detached mount of another mount
// namespace cannot be copied.
Status cover_with(Cover& cover, int target, const std::string& path) {
  std::string what = "the mask on " + path;
  if (!cover.attached) {
    struct stat st {};
    if (::fstat(cover.mount.get(), &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, what);
    cover.attached = true;
    cover.device = st.st_dev;
    cover.inode = st.st_ino;
    return mountfd::attach(cover.mount.get(), target, what);
  }
  SECURE_LET(copy, mountfd::clone(cover.mount.get(), "", false));
  return mountfd::attach(copy.get(), target, what);
}

// Missing is as good as masked.
bool missing(const Error& error) { return error.err == ENOENT || error.err == ENOTDIR; }

// A path that is named twice, or is below one that was named, needs no second mount.
bool covered(const Cover& cover, const struct stat& target) {
  if (S_ISCHR(target.st_mode) && target.st_rdev == makedev(1, 3)) return true;
  return cover.attached && cover.device == target.st_dev && cover.inode == target.st_ino;
}

}  // namespace

Status mask(int root, const std::vector<std::string>& paths, Covers& covers) {
  for (const auto& path : paths) {
    auto target = resolve(root, path);
    if (!target) {
      if (missing(target.error())) continue;
      return std::move(target.error());
    }
    struct stat st {};
    if (::fstat(target->get(), &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, "look at " + path);
    Cover& cover = S_ISDIR(st.st_mode) ? covers.empty : covers.null;
    if (!covered(cover, st)) SECURE_TRY(cover_with(cover, target->get(), path));
  }
  return Ok{};
}

Status make_readonly(int root, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    auto target = resolve(root, path);
    if (!target) {
      if (missing(target.error())) continue;
      return std::move(target.error());
    }
    SECURE_LET(tree, mountfd::clone(target->get(), "", true));
    SECURE_TRY(mountfd::set_attributes(tree.get(), {MOUNT_ATTR_RDONLY, 0}, true, path));
    SECURE_TRY(mountfd::attach(tree.get(), target->get(), path));
  }
  return Ok{};
}

}  // namespace secure::rootfs
