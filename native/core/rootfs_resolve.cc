// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "mountfd.h"
#include "rootfs.h"

namespace secure::rootfs {

namespace {

std::uint64_t resolve_flags(bool follow) {
  std::uint64_t flags = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return follow ? flags : flags | RESOLVE_NO_SYMLINKS;
}

Error unresolvable(const std::string& path, int e) {
  return fail(Stage::rootfs, e == ENOENT ? "NOT_FOUND" : "PATH_REFUSED", e, "resolve " + path + " inside the root",
              e == ELOOP ? "the image has a symbolic link where the runtime needs a real file or directory" : "");
}

}  // namespace

Result<Fd> resolve(int root, const std::string& path, bool follow) {
  int fd = sys_openat2(root, path.c_str(), O_PATH, 0, resolve_flags(follow));
  if (fd < 0) return unresolvable(path, errno);
  return Fd(fd);
}

Result<Fd> resolve_or_create(int root, const std::string& path, bool directory, bool follow) {
  int fd = sys_openat2(root, path.c_str(), O_PATH, 0, resolve_flags(follow));
  if (fd >= 0) return Fd(fd);
  if (errno != ENOENT) return unresolvable(path, errno);
  // Walk to the deepest part that exists; what is missing after it is made one component at a time
  // and never through a link: a dangling link is refused with EEXIST -> ELOOP below.
  SECURE_LET(at, resolve(root, "/"));
  std::size_t pos = 0;
  bool creating = false;
  std::string walked;
  while (pos < path.size()) {
    std::size_t end = path.find('/', pos);
    if (end == std::string::npos) end = path.size();
    std::string part = path.substr(pos, end - pos);
    bool last = path.find_first_not_of('/', end) == std::string::npos;
    pos = end + 1;
    if (part.empty() || part == ".") continue;
    walked += "/" + part;
    if (!creating) {
      int next = sys_openat2(root, walked.c_str(), O_PATH, 0, resolve_flags(follow));
      if (next >= 0) {
        at = Fd(next);
        continue;
      }
      if (errno != ENOENT) return unresolvable(walked, errno);
      creating = true;
    }
    if (part == "..") return unresolvable(path, EINVAL);
    if (last && !directory) {
      Fd made(::openat(at.get(), part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
      if (!made.valid()) return unresolvable(path, errno == EEXIST ? ELOOP : errno);
    } else if (::mkdirat(at.get(), part.c_str(), 0755) < 0 && errno != EEXIST) {
      return fail(Stage::rootfs, errno == ENOSPC ? "NO_SPACE" : "MKDIR_FAILED", errno, "make the mount point " + path + " inside the root");
    }
    int next = sys_openat2(at.get(), part.c_str(), O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (next < 0) return unresolvable(path, errno);
    at = Fd(next);
  }
  return at;
}

Status attach_root(int root) {
  // Nothing that happens here may reach the host, and nothing of the host may arrive later.
  mount_attr attr{};
  attr.propagation = MS_PRIVATE;
  if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof attr) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "make the mount tree private");
  // On top of "/": the container side cannot reach the 0700 directories of the host, and "/" is
  // the one mount point that is always there.
  if (::move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "attach the root");
  return Ok{};
}

Status finish(int root, bool readonly) {
  if (readonly) {
    mount_attr attr{};
    attr.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(root, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
      return fail(Stage::rootfs, "MOUNT_FAILED", errno, "make the root read-only");
  }
  if (::fchdir(root) < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "enter the root");
  // pivot_root(".", ".") stacks the old root on the new one, so no directory inside the image
  // is needed for it (pivot_root(2), NOTES).
  if (::syscall(SYS_pivot_root, ".", ".") < 0)
    return fail(Stage::rootfs, "PIVOT_FAILED", errno, "pivot_root",
                errno == EINVAL ? "the host's root is an initramfs, which cannot be pivoted" : "");
  if (::umount2(".", MNT_DETACH) < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "drop the old root");
  if (::chdir("/") < 0) return fail(Stage::rootfs, "PIVOT_FAILED", errno, "enter the new root");
  return Ok{};
}

}  // namespace secure::rootfs
