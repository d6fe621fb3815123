// SPDX-License-Identifier: Apache-2.0
#include "sysctl.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mountfd.h"

namespace secure::sysctl {

namespace {

constexpr std::uint64_t kQuiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

bool uses(const spec::Spec& spec, int flag) {
  for (const auto& [path, value] : spec.sysctl) {
    const bool net = path.starts_with("net/"), uts = path == "kernel/domainname", user = path.starts_with("user/");
    if (flag == CLONE_NEWNET ? net : flag == CLONE_NEWUTS ? uts : flag == CLONE_NEWIPC ? !net && !uts && !user : false) return true;
  }
  return false;
}

}  // namespace

Status check(const spec::Spec& spec) {
  if (spec.sysctl.empty()) return Ok{};
  for (const auto& ns : spec.namespaces) {
    if (ns.path.empty() || !uses(spec, ns.flag)) continue;
    const char* own = ns.flag == CLONE_NEWNET ? "/proc/self/ns/net" : ns.flag == CLONE_NEWUTS ? "/proc/self/ns/uts" : "/proc/self/ns/ipc";
    struct stat ours {}, theirs {};
    if (::stat(own, &ours) == 0 && ::stat(ns.path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
      return fail(Stage::config, "SYSCTL_REFUSED", 0, "/linux/sysctl: " + ns.path + " of /linux/namespaces is the host's own namespace, so this would change the host",
                  "not in a separate kernel namespace: leave the sysctl out, or give the container a namespace of its own");
  }
  return Ok{};
}

Status write(const spec::Spec& spec) {
  if (spec.sysctl.empty()) return Ok{};
  SECURE_LET(proc, make_procfs());
  return write_through(proc.get(), spec);
}

Result<Fd> make_procfs() { return mountfd::create("proc", "proc", {}, kQuiet); }

Status write_through(int proc, const spec::Spec& spec) {
  for (const auto& [path, value] : spec.sysctl) {
    const std::string file_path = "sys/" + path;
    Fd file(sys_openat2(proc, file_path.c_str(), O_WRONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
    if (!file.valid())
      return fail(Stage::process, "SYSCTL_FAILED", errno, "open sysctl " + path + " of /linux/sysctl",
                  errno == ENOENT ? "this kernel has none of that name in such a namespace" : errno == EACCES ? "the user namespace does not own that namespace" : "");
    SECURE_TRY(write_all(file.get(), value, "sysctl " + path + " of /linux/sysctl"));
  }
  return Ok{};
}

}  // namespace secure::sysctl
