// SPDX-License-Identifier: Apache-2.0
#include "criu_stage.h"

#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>

#include "apart.h"
#include "cgroup.h"
#include "mountfd.h"
#include "path.h"

namespace secure::criu {

namespace {

Status attach_alone(int root, const std::string& at) {
  if (::unshare(CLONE_NEWNS) < 0) return fail(secure::Stage::mount, "NAMESPACE_FAILED", errno, "make a mount namespace for the restore");
  // What the host mounts from now on still arrives, nothing of ours leaves.
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) < 0) return fail(secure::Stage::mount, "MOUNT_FAILED", errno, "take the mounts out of the host's peer groups");
  Fd target(::open(at.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!target.valid()) return fail(secure::Stage::mount, "MOUNT_FAILED", errno, "open " + at);
  SECURE_TRY(mountfd::attach(root, target.get(), "the root on " + at));
  return Ok{};
}

// CRIU brings the content of these back, mount points included; others show what the kernel has.
bool restored_with(const std::vector<rootfs::Planned>& mounts, const rootfs::Planned& one) {
  return std::any_of(mounts.begin(), mounts.end(), [&](const auto& other) { return !other.source.valid() && path::below(one.destination, other.destination); });
}

Status make_points(const std::vector<rootfs::Planned>& mounts, int root, const std::string& at) {
  SECURE_TRY(attach_alone(root, at));
  Fd top(::open(at.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) return fail(secure::Stage::mount, "MOUNT_FAILED", errno, "open the root");
  for (const auto& one : mounts) {
    if (restored_with(mounts, one)) continue;
    SECURE_LET(point, rootfs::resolve_or_create(top.get(), one.destination, one.source_is_directory));
    if (one.source.valid()) SECURE_TRY(mountfd::attach(one.source.get(), point.get(), one.name()));
  }
  return Ok{};
}

}  // namespace

Status make_mount_points(const spec::Spec& spec, std::vector<rootfs::Planned>& mounts, int root, const std::string& at) {
  if (spec.mounts.empty()) return Ok{};
  const apart::How how{"the process that makes mount points", fail(secure::Stage::mount, "MOUNT_FAILED", 0, "the process that makes mount points was killed")};
  return apart::run(how, [&] { return make_points(mounts, root, at); });
}

Status enter(const Stage& stage) {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
    return fail(secure::Stage::process, "KEYRING_FAILED", errno, "make a session keyring");
  // Before the mount namespace: the files were opened in the host's.
  if (stage.joins != nullptr) SECURE_TRY(cgroup::join_self(*stage.joins));
  if (stage.cgroup_namespace && ::unshare(CLONE_NEWCGROUP) < 0) return fail(secure::Stage::cgroup, "NAMESPACE_FAILED", errno, "make the cgroup namespace");
  SECURE_TRY(attach_alone(stage.root, stage.at));
  if (stage.no_new_privs && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail(secure::Stage::process, "PROCESS_FAILED", errno, "set no_new_privs");
  return Ok{};
}

}  // namespace secure::criu
