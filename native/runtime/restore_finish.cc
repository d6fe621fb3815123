// SPDX-License-Identifier: Apache-2.0
#include "restore_finish.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "apart.h"
#include "criu_mounts.h"
#include "mountfd.h"
#include "namespaces.h"
#include "netlink.h"
#include "nft_table.h"
#include "rootfs.h"
#include "sysctl.h"
#include "terminal.h"
#include "userns.h"

namespace secure::runtime {

namespace {

constexpr unsigned kPatience = 20;  // seconds

// Of those that the container has for itself: what belongs to others was set by them.
int own_namespaces(const spec::Spec& spec) {
  int out = 0;
  for (const auto& ns : spec.namespaces)
    if (ns.path.empty()) out |= ns.flag & (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET);
  return out;
}

struct Cgroups {
  std::vector<rootfs::Planned> mounts;  // of the config, none: nothing is to be made
  std::vector<Fd> own;
};

Result<Cgroups> plan(const Inside& inside) {
  Cgroups out;
  if (inside.group == nullptr || std::none_of(inside.spec.mounts.begin(), inside.spec.mounts.end(), [&](const auto& mount) { return criu::shows_cgroups(inside.spec, mount); })) return out;
  SECURE_LET(mounts, rootfs::plan_mounts(inside.spec, inside.bundle));
  SECURE_LET(own, rootfs::plan_cgroups(inside.spec, *inside.group));
  out.mounts = std::move(mounts);
  out.own = std::move(own);
  return out;
}

Status bind_console(int root, const Fd& master) {
  Fd peer(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!peer.valid()) return fail(Stage::process, "TERMINAL_FAILED", errno, "open the container's side of its terminal");
  return terminal::bind_console(root, peer);
}

Status join(int pidfd, int namespaces, const char* why) {
  if (namespaces == 0 || ::setns(pidfd, namespaces) == 0) return Ok{};
  return fail(Stage::process, "NAMESPACE_FAILED", errno, std::string("join the container's namespaces for ") + why);
}

// As root of the user namespace that owns them: others may only read some.
Status write_sysctls(const Inside& inside) {
  SECURE_LET(proc, sysctl::make_procfs());
  const bool userns = namespaces::has(inside.spec, CLONE_NEWUSER);
  SECURE_TRY(join(inside.pidfd, own_namespaces(inside.spec) | (userns ? CLONE_NEWUSER : 0), "its sysctls"));
  if (userns) SECURE_TRY(userns::become_root());
  return sysctl::write_through(proc.get(), inside.spec);
}

// It looks for its table by the pid that the process has now.
Status unlock_network(const Inside& inside) {
  SECURE_TRY(join(inside.pidfd, CLONE_NEWNET, "its network"));
  SECURE_LET(socket, netlink::Socket::open(NETLINK_NETFILTER));
  return nft::remove_of_others(socket, "CRIU-" + std::to_string(inside.locked_by));
}

Status restrict(int root, const std::vector<criu::Lacking>& lacking) {
  for (const auto& one : lacking) {
    SECURE_LET(place, rootfs::resolve(root, one.point, false));
    SECURE_TRY(mountfd::set_attributes(place.get(), {one.attributes, 0}, false, one.point));
  }
  return Ok{};
}

Status make_mounts(const Inside& inside, Cgroups& cgroups, const std::vector<criu::Lacking>& lacking, const Fd* terminal) {
  rootfs::Tree tree;
  rootfs::set_label(tree, inside.spec);
  SECURE_TRY(join(inside.pidfd, CLONE_NEWNS | (namespaces::has(inside.spec, CLONE_NEWCGROUP) ? CLONE_NEWCGROUP : 0), "its mounts"));
  tree.root = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree.root.valid()) return fail(Stage::rootfs, "PATH_REFUSED", errno, "open the container's root");
  if (terminal != nullptr) SECURE_TRY(bind_console(tree.root.get(), *terminal));
  if (!cgroups.mounts.empty()) SECURE_TRY(rootfs::mount_cgroups(tree, cgroups.mounts, inside.group->layout, cgroups.own));
  for (const auto& mount : tree.late_readonly) SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_RDONLY, 0}, false, "a read-only mount"));
  // Last: the root may become read-only, as which it could not be given to CRIU.
  return restrict(tree.root.get(), lacking);
}

// In a process of its own, which ends with whatever it has joined.
Status join_apart(const std::function<Status()>& work) {
  const apart::How how{"the process that finishes the restore", fail(Stage::process, "RESTORE_FAILED", 0, "the process that finishes the restore was killed"), kPatience};
  return apart::run(how, work);
}

}  // namespace

Status finish_inside(const Inside& inside, const Fd& terminal) {
  if (!inside.spec.sysctl.empty()) SECURE_TRY(join_apart([&] { return write_sysctls(inside); }));
  if (inside.locked_by > 0) SECURE_TRY(join_apart([&] { return unlock_network(inside); }));
  SECURE_LET(cgroups, plan(inside));
  const bool console = inside.spec.process.terminal && terminal.valid();
  SECURE_LET(mountinfo, read_file(AT_FDCWD, "/proc/" + std::to_string(inside.pid) + "/mountinfo", 16U << 20));
  auto lacking = criu::lacking(inside.restrictions, mountinfo);
  // What is made anew here has what it needs.
  std::erase_if(lacking, [&](const auto& one) { return (console && one.point == "/dev/console") || (inside.group != nullptr && criu::shows_cgroups(inside.spec, spec::Mount{one.point, {}, {}, {}, {}, {}, {}})); });
  if (!console && cgroups.mounts.empty() && lacking.empty()) return Ok{};
  return join_apart([&] { return make_mounts(inside, cgroups, lacking, console ? &terminal : nullptr); });
}

void kill_children() {
  // Those of one that was killed become ours: as often as there are any.
  for (;;) {
    auto list = read_file(AT_FDCWD, "/proc/thread-self/children", 1U << 16);
    if (!list || list->find_first_of("123456789") == std::string::npos) return;
    for (const char* at = list->c_str();;) {
      char* end = nullptr;
      const long pid = std::strtol(at, &end, 10);
      if (end == at || pid <= 0) break;
      (void)::kill(static_cast<pid_t>(pid), SIGKILL);
      while (::waitpid(static_cast<pid_t>(pid), nullptr, 0) < 0 && errno == EINTR) {
      }
      at = end;
    }
  }
}

}  // namespace secure::runtime
