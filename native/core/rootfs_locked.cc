// SPDX-License-Identifier: Apache-2.0
// Restrictions of the host's mounts that root of a user namespace must not take back. The kernel locks ro, nosuid, nodev, noexec and
// the access times of every mount that is copied into the mount namespace of another user namespace, and clones of such a copy are
// locked as well. So sources with restrictions are cloned there: by the host side, whose rights on the way to them the container
// side does not have, standing in the container's mount namespace for a moment.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "mountfd.h"
#include "rootfs.h"
#include "sync.h"

namespace secure::rootfs {

namespace {

// The calling process, which has one thread, in another mount namespace until leave().
class Visit {
 public:
  static Result<Visit> enter(int pidfd) {
    Visit out;
    out.own_ = Fd(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    out.root_ = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    out.cwd_ = Fd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.own_.valid() || !out.root_.valid() || !out.cwd_.valid() || ::setns(pidfd, CLONE_NEWNS) < 0)
      return fail(Stage::mount, "NAMESPACE_FAILED", errno, "visit the container's mount namespace");
    return out;
  }
  // setns(2) has moved root and working directory to the namespace's own; a caller that was in a chroot(2) goes back there.
  Status leave() {
    if (::setns(own_.get(), CLONE_NEWNS) < 0 || ::fchdir(root_.get()) < 0 || ::chroot(".") < 0 || ::fchdir(cwd_.get()) < 0)
      return fail(Stage::mount, "NAMESPACE_FAILED", errno, "return from the container's mount namespace");
    return Ok{};
  }

 private:
  Fd own_, root_, cwd_;
};

// The object that was found on the host, in the copy of the mount that it was found on.
Result<Fd> clone_again(const Origin& from, bool recursive, unsigned long propagation) {
  int fd = sys_openat2(AT_FDCWD, from.path.c_str(), O_PATH | (from.nofollow ? O_NOFOLLOW : 0U), 0, from.resolve);
  if (fd < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, "open " + from.path + " again");
  Fd source(fd);
  struct stat st {};
  if (::fstat(fd, &st) < 0 || st.st_dev != from.device || st.st_ino != from.inode)
    return fail(Stage::mount, "MOUNT_FAILED", ESTALE, from.path + " has become something else meanwhile");
  SECURE_LET(tree, mountfd::clone(source.get(), "", recursive));
  SECURE_TRY(mountfd::set_propagation(tree.get(), propagation, true, from.path));
  return tree;
}

Status replace(Fd& mount, const Origin& from, bool recursive, unsigned long propagation) {
  auto clone = clone_again(from, recursive, propagation);
  // A directory with locked mounts below can only be cloned with all of them.
  if (!clone && clone.error().err == EINVAL && !recursive) return Ok{};
  if (!clone) return std::move(clone.error());
  mount = std::move(*clone);
  return Ok{};
}

// What is mounted further down is not looked for.
bool restricted(const Fd& mount, bool recursive) {
  struct statvfs st {};
  constexpr unsigned long kFlags = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME;
  return mount.valid() && (recursive || (::fstatvfs(mount.get(), &st) == 0 && (st.f_flag & kFlags) != 0));
}

// Shared mounts arrive as slaves in a copy for another user namespace: one that is to stay shared with the host comes from the host.
bool lockable(const Planned& p) { return p.options.propagation.type != MS_SHARED && !p.from.path.empty() && restricted(p.source, p.options.recursive_bind); }

}  // namespace

void decide_locks(std::vector<Planned>& mounts) {
  for (auto& p : mounts) p.locked = lockable(p);
}

Status lock_flags(std::vector<Planned>& mounts, Fd& root, const Origin& root_from, int pidfd) {
  bool any = !root_from.path.empty() && restricted(root, false);
  for (const auto& p : mounts) any = any || p.locked;
  if (!any) return Ok{};
  SECURE_LET(visit, Visit::enter(pidfd));
  auto work = [&]() -> Status {
    if (!root_from.path.empty() && restricted(root, false)) SECURE_TRY(replace(root, root_from, true, root_from.propagation));
    for (auto& p : mounts)
      if (p.locked) SECURE_TRY(replace(p.source, p.from, p.options.recursive_bind, p.from.propagation));
    return Ok{};
  };
  auto status = work();
  SECURE_TRY(visit.leave());
  return status;
}

Status send_locked(const std::vector<Planned>& mounts, int sync) {
  for (const auto& p : mounts)
    if (p.locked) SECURE_TRY(sync::send(sync, sync::Kind::source, p.source.get()));
  return Ok{};
}

Status receive_locked(std::vector<Planned>& mounts, int sync) {
  for (auto& p : mounts) {
    if (!p.locked) continue;
    SECURE_LET(message, sync::expect(sync, sync::Kind::source));
    p.source = std::move(message.fd);
  }
  return Ok{};
}

}  // namespace secure::rootfs
