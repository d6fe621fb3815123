// SPDX-License-Identifier: Apache-2.0
#include "init.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "hooks.h"
#include "mountfd.h"
#include "stream_owner.h"
#include "sync.h"
#include "sysctl.h"
#include "terminal.h"
#include "time_namespace.h"
#include "userns.h"

namespace secure::init {

namespace {

constexpr std::uint64_t kQuiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// Until its ids are mapped the process is nobody; as root of its namespace it may mount.
Status become_root(const Plan& plan) {
  if ((plan.namespaces & CLONE_NEWUSER) == 0 && !plan.joined_user) return Ok{};
  SECURE_TRY(userns::become_root(plan.process->groups == userns::Groups::keep ? userns::Groups::keep : userns::Groups::drop));
  // A change of ids makes the process dumpable by the system's setting.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return Ok{};
}

Status set_names(const spec::Spec& spec) {
  if (!spec.hostname.empty() && ::sethostname(spec.hostname.data(), spec.hostname.size()) < 0)
    return fail(Stage::process, "CONFIG_INVALID", errno, "set the host name '" + spec.hostname + "'", "it needs a uts namespace");
  if (!spec.domainname.empty() && ::setdomainname(spec.domainname.data(), spec.domainname.size()) < 0)
    return fail(Stage::process, "CONFIG_INVALID", errno, "set the domain name '" + spec.domainname + "'");
  return Ok{};
}

Status loopback_up(const Plan& plan) {
  if ((plan.namespaces & CLONE_NEWNET) == 0) return Ok{};
  Fd sock(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!sock.valid() || ::ioctl(sock.get(), SIOCSIFFLAGS, &request) < 0)
    return fail(Stage::process, "NETWORK_FAILED", errno, "bring up the loopback interface");
  return Ok{};
}

Status set_streams(const container::Streams* streams, const spec::Process& process) {
  if (streams == nullptr) {
    stream_owner::give_to(process.uid, process.gid);
    return Ok{};
  }
  const int from[3] = {streams->in.get(), streams->out.get(), streams->err.get()};
  for (int i = 0; i < 3; ++i)
    if (from[i] >= 0 && ::dup2(from[i], i) < 0)
      return fail(Stage::process, "INTERNAL", errno, "set standard stream " + std::to_string(i));
  return Ok{};
}

// It is there already, or follows when the ids are mapped.
Result<Fd> root_of(Plan& plan, int sync) {
  if (plan.root.valid()) return std::move(plan.root);
  SECURE_LET(message, sync::expect(sync, sync::Kind::root));
  if ((plan.namespaces & CLONE_NEWUSER) != 0) SECURE_TRY(rootfs::receive_locked(plan.mounts, sync));
  return std::move(message.fd);
}

Status ask_for_clocks(int sync) {
  SECURE_TRY(sync::send(sync, sync::Kind::clocks));
  auto set = sync::expect(sync, sync::Kind::clocks);
  return set ? Status(Ok{}) : Status(std::move(set.error()));
}

// They see the container's mounts and the host's files, as a program of the host that helps to build the container wants it.
Status create_container_hooks(const Plan& plan) {
  const auto& wanted = plan.spec->hooks.create_container;
  if (wanted.empty()) return Ok{};
  hooks::Setting setting = plan.hooks;
  // As root of a user namespace it may be out of reach.
  if (::faccessat(AT_FDCWD, setting.cwd.c_str(), X_OK, AT_EACCESS) < 0) setting.cwd.clear();
  return hooks::run(wanted, "createContainer", (*plan.describe)("created", ::getpid()), setting);
}

// In the container, as its user and under the program's seccomp filter: what runs is a file of the image. One without an environment has
// the program's, which is nothing that it could not get there.
Status start_container_hooks(const Plan& plan, const std::vector<char*>& envp) {
  auto wanted = plan.spec->hooks.start_container;
  for (auto& hook : wanted)
    if (hook.env.empty()) hook.env.assign(envp.begin(), envp.end() - 1);
  return hooks::run(wanted, "startContainer", (*plan.describe)("created", ::getpid()), {{}, plan.hooks.output, plan.process->filter});
}

// As runc and crun: an engine need not do it. What cannot be made is missed when it is entered.
void make_cwd(const spec::Spec& spec, const Fd& root) {
  if (!spec.secure && spec.process.cwd != "/") (void)rootfs::resolve_or_create(root.get(), spec.process.cwd, true).ok();
}

Status build(Plan& plan, int sync, Fd& procfs) {
  const spec::Spec& spec = *plan.spec;
  rootfs::Tree tree;
  rootfs::set_label(tree, spec);
  SECURE_TRY(namespaces::enter_mounts(plan.joined));
  plan.joined.clear();
  SECURE_LET(taken, root_of(plan, sync));
  tree.root = std::move(taken);
  tree.sync = sync;
  SECURE_TRY(become_root(plan));
  SECURE_TRY(set_names(spec));
  SECURE_TRY(loopback_up(plan));
  // Both before anything covers the host's /proc: the kernel lets a user namespace mount procfs
  // only while a fully visible one is in sight.
  SECURE_TRY(sysctl::write(spec));
  SECURE_LET(proc, mountfd::create("proc", "proc", {{"subset", "pid"}}, kQuiet));
  procfs = std::move(proc);
  if ((plan.namespaces & CLONE_NEWTIME) != 0) {
    std::function<Status()> by_host;
    if (plan.clocks_by_host) by_host = [&] { return ask_for_clocks(sync); };
    SECURE_TRY(time_namespace::enter(procfs.get(), spec.time_offsets, by_host));
  }
  SECURE_TRY(rootfs::attach_root(tree.root.get(), plan.attach_at));
  SECURE_TRY(rootfs::mount_all(tree, plan.mounts));
  const Fd& root = tree.root;
  SECURE_TRY(rootfs::make_devices(root.get(), plan.devices, spec.process.terminal));
  Fd peer;
  if (spec.process.terminal) {
    SECURE_LET(pair, terminal::create(root.get(), spec.process.uid));
    SECURE_TRY(terminal::resize(pair.master, spec.process.console_size));
    SECURE_TRY(terminal::bind_console(root.get(), pair.peer));
    SECURE_TRY(terminal::adopt(pair.peer));
    SECURE_TRY(sync::send(sync, sync::Kind::terminal, pair.master.get()));
  } else {
    SECURE_TRY(set_streams(plan.streams, spec.process));
  }
  // As late as it can be: what has been allocated so far does not count against the container's memory limit on v1.
  SECURE_TRY(cgroup::join_self(plan.joins));
  plan.joins.clear();
  if (plan.announce_built) SECURE_TRY(sync::send(sync, sync::Kind::built));
  SECURE_TRY(sync::expect(sync, sync::Kind::joined));
  SECURE_TRY(create_container_hooks(plan));
  if (plan.unshare_cgroup && ::unshare(CLONE_NEWCGROUP) < 0)
    return fail(Stage::cgroup, "NAMESPACE_FAILED", errno, "make the cgroup namespace");
  SECURE_TRY(rootfs::mount_cgroups(tree, plan.mounts, *plan.layout, plan.cgroups));
  make_cwd(spec, root);
  SECURE_TRY(rootfs::mask(root.get(), spec.masked_paths, plan.covers));
  SECURE_TRY(rootfs::make_readonly(root.get(), spec.readonly_paths));
  return rootfs::finish(tree, spec, plan.no_pivot);
}

}  // namespace

void run(Plan& plan, int sync) {
  // Rule 7: nothing may read this process while it still holds what belongs to the host.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // What a mount point or a device is made with must not depend on who started us.
  (void)::umask(0);
  (void)::setsid();
  Fd procfs;
  if (auto status = build(plan, sync, procfs); !status) {
    sync::send_error(sync, status.error(), 125);
    ::_exit(125);
  }
  const auto& starting = plan.spec->hooks.start_container;
  if (!starting.empty())
    plan.process->before_program = [&](const std::vector<char*>& envp) { return start_container_hooks(plan, envp); };
  process::Failure failure = process::become(*plan.process, procfs.get(), sync);
  sync::send_error(sync, failure.error, failure.exit_code);
  ::_exit(failure.exit_code);
}

}  // namespace secure::init
