// SPDX-License-Identifier: Apache-2.0
#include "rootfs_live.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>

#include "apart.h"
#include "path.h"
#include "rootfs_make.h"
#include "userns.h"

namespace secure::rootfs {

namespace {

// A file system of the container's (FUSE) may never answer.
constexpr unsigned kPatience = 20;  // seconds

// Of the namespaces that the container has, those that the file systems belong to.
int joined_flags(const spec::Spec& spec, const std::vector<spec::Mount>& mounts) {
  int wanted = CLONE_NEWUSER, flags = CLONE_NEWNS;
  for (const auto& mount : mounts) wanted |= mount.type == "mqueue" ? CLONE_NEWIPC : mount.type == "sysfs" ? CLONE_NEWNET : 0;
  for (const auto& ns : spec.namespaces) flags |= ns.flag & wanted;
  return flags;
}

Status enter(int flags, const Live& live) {
  if (::setns(live.pidfd, flags) < 0) return fail(Stage::mount, "NAMESPACE_FAILED", errno, "join the container's namespaces");
  if ((flags & CLONE_NEWUSER) != 0) SECURE_TRY(userns::become_root());
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return Ok{};
}

// In a process of its own, which the container cannot see and that ends by itself.
Status inside(const spec::Spec& spec, int flags, const Live& live, const std::function<Status(Tree&)>& work) {
  const apart::How how{"the process that mounts", fail(Stage::mount, "MOUNT_FAILED", ETIMEDOUT, "a file system of the container does not answer"), kPatience};
  return apart::run(how, [&]() -> Status {
    (void)::umask(0);
    Tree tree;
    set_label(tree, spec);
    SECURE_TRY(enter(flags, live));
    // The root of the mount namespace, wherever its processes may have gone.
    tree.root = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!tree.root.valid()) return fail(Stage::rootfs, "PATH_REFUSED", errno, "open the container's root");
    SECURE_TRY(work(tree));
    for (const auto& mount : tree.late_readonly) SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_RDONLY, 0}, false, "a read-only mount"));
    return Ok{};
  });
}

Status check(const spec::Mount& mount, const mount_options::Parsed& options) {
  const auto refuse = [&](const char* what) { return fail(Stage::config, "CONFIG_INVALID", 0, mount.at + " on " + mount.destination + ": " + what); };
  if (path::at_or_below(mount.destination, "/proc")) return refuse("nothing is mounted in /proc of a running container");
  if (mount.destination == "/") return refuse("the root of a running container stays");
  if (options.remount) return refuse("remount is for new containers");
  if (!options.bind && (mount.type == "proc" || mount.type == "cgroup" || mount.type == "cgroup2")) return refuse("a file system of this type is for new containers");
  return Ok{};
}

Status detach(int root, const spec::Mount& mount) {
  const std::string& path = mount.destination;
  const std::size_t slash = path.rfind('/');
  SECURE_LET(parent, resolve(root, slash == 0 ? "/" : path.substr(0, slash)));
  const std::string name = path.substr(slash + 1);
  struct statx st {};
  if (::statx(parent.get(), name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0 || (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
    return fail(Stage::mount, "NOT_FOUND", errno == ENOENT ? ENOENT : EINVAL, mount.at + ": nothing is mounted on " + path);
  // By the parent's descriptor and one name, so that no link is followed: umount2(2) takes no descriptor.
  if (::fchdir(parent.get()) < 0 || ::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
    return fail(Stage::mount, "MOUNT_FAILED", errno, mount.at + ": unmount " + path);
  return Ok{};
}

}  // namespace

Status add_mounts(const spec::Spec& spec, const Live& live, const std::vector<spec::Mount>& mounts) {
  spec::Spec wanted = spec;
  wanted.mounts = mounts;
  SECURE_LET(planned, plan_mounts(wanted, live.bundle));
  for (const auto& p : planned) SECURE_TRY(check(*p.mount, p.options));
  Fd own;
  const int flags = joined_flags(spec, mounts);
  if ((flags & CLONE_NEWUSER) != 0) {
    SECURE_LET(userns, userns::open(live.pid));
    own = std::move(userns);
    // The container's mount namespace no longer shows the host's mounts; another copy of them locks what they restrict as well.
    SECURE_LET(copy, userns::Waiting::start(CLONE_NEWUSER | CLONE_NEWNS));
    Fd no_root;
    SECURE_TRY(lock_flags(planned, no_root, {}, copy.pidfd.get()));
  }
  SECURE_TRY(map_sources(planned, own.get()));
  return inside(spec, flags, live, [&](Tree& tree) -> Status {
    for (auto& p : planned) SECURE_TRY(mount_one(tree, p));
    return Ok{};
  });
}

Status remove_mounts(const spec::Spec& spec, const Live& live, const std::vector<spec::Mount>& mounts) {
  static constexpr std::array<std::string_view, 3> kInterfaces{"/proc", "/sys", "/dev"};
  for (const auto& mount : mounts)
    if (mount.destination == "/" || std::any_of(kInterfaces.begin(), kInterfaces.end(), [&](auto top) { return path::at_or_below(mount.destination, top); }))
      return fail(Stage::config, "CONFIG_INVALID", 0, mount.at + ": " + mount.destination + " of a running container stays");
  return inside(spec, joined_flags(spec, {}), live, [&](Tree& tree) -> Status {
    for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) SECURE_TRY(detach(tree.root.get(), *mount));
    return Ok{};
  });
}

}  // namespace secure::rootfs
