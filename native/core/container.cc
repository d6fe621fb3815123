// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "init.h"
#include "mountfd.h"
#include "overlay.h"
#include "seccomp.h"
#include "sync.h"
#include "userns.h"

namespace secure::container {

namespace {

// Ends a half-made container. The process has executed nothing of the image yet.
void abandon(pid_t pid, const cgroup::Group* group) {
  if (pid > 0) {
    (void)::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (group != nullptr) (void)cgroup::remove(group->layout, group->path);
}

unsigned long namespace_flags(const spec::Spec& spec) {
  unsigned long flags = 0;
  for (const auto& ns : spec.namespaces) flags |= static_cast<unsigned>(ns.flag);
  return flags;
}

Status check(const spec::Spec& spec, unsigned long namespaces) {
  if ((namespaces & CLONE_NEWNS) == 0)
    return fail(Stage::config, "CONFIG_INVALID", 0, "/linux/namespaces must have a mount namespace");
  bool user = (namespaces & CLONE_NEWUSER) != 0;
  if (user && (spec.uid_mappings.empty() || spec.gid_mappings.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "a user namespace needs /linux/uidMappings and /linux/gidMappings");
  if (!user && (!spec.uid_mappings.empty() || !spec.gid_mappings.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "id mappings need a user namespace in /linux/namespaces");
  // Without a namespace of its own it would be the host's.
  if ((namespaces & CLONE_NEWUTS) == 0 && (!spec.hostname.empty() || !spec.domainname.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "/hostname and /domainname need a uts namespace in /linux/namespaces");
  if (!spec.process.apparmor_profile.empty() || !spec.process.selinux_label.empty() || !spec.mount_label.empty())
    return fail(Stage::config, "CONTROL_UNAVAILABLE", 0, "AppArmor profiles and SELinux labels are not supported by this version",
                "leave them out of the config, or run without them");
  return Ok{};
}

// The detached root: the overlay of the plan, or the bundle's directory.
Result<Fd> root_mount(const spec::Spec& spec, const Options& options, int userns) {
  if (spec.secure) return overlay::create({spec.secure->layers, spec.secure->upper_dir, spec.secure->work_dir}, userns);
  std::string path = spec.root_path[0] == '/' ? spec.root_path : options.bundle + "/" + spec.root_path;
  SECURE_LET(mount, mountfd::clone(AT_FDCWD, path, true, false));
  SECURE_TRY(mountfd::set_propagation(mount.get(), MS_PRIVATE, true, path));
  return mount;
}

Status map_sources(std::vector<rootfs::Planned>& mounts, int userns) {
  for (auto& p : mounts) {
    if (!p.options.idmap || !p.source.valid()) continue;
    if (userns < 0) return fail(Stage::mount, "CONFIG_INVALID", 0, "option idmap on " + p.mount->destination + " needs a user namespace");
    SECURE_TRY(mountfd::idmap(p.source.get(), userns, p.options.recursive_idmap, p.mount->destination));
  }
  return Ok{};
}

// Killed before it could execute anything: on a low limit that is the OOM killer.
Error died_early(const cgroup::Group& group) {
  auto memory = cgroup::memory_facts(group);
  if (memory.oom_kills > 0)
    return fail(Stage::process, "OUT_OF_MEMORY", 0,
                "the memory limit of " + std::to_string(memory.limit) + " bytes is too low to start (peak " + std::to_string(memory.peak) + ")",
                "raise --memory");
  return fail(Stage::process, "START_DIED", 0, "the container's process was killed while it was being set up");
}

struct Start {
  const spec::Spec& spec;
  Options options;
  unsigned long namespaces = 0;
  cgroup::Group group;
  bool has_group = false;
  Fd sync, pidfd, terminal;
  pid_t pid = 0;
  init::Plan plan;

  Status make_group() {
    SECURE_LET(layout, cgroup::detect());
    std::string path = spec.cgroups_path.empty() ? options.cgroup_path : spec.cgroups_path;
    SECURE_LET(made, cgroup::create(layout, path));
    group = std::move(made);
    has_group = true;
    return cgroup::apply(group, spec.resources);
  }

  Status clone_process() {
    SECURE_LET(pair, sync::channel());
    int v2 = cgroup::v2_dir(group);
    bool pure_v2 = group.layout.mode == cgroup::Mode::v2;
    plan.unshare_cgroup = (namespaces & CLONE_NEWCGROUP) != 0 && !pure_v2;
    int pidfd_out = -1;
    clone_args args{};
    args.flags = namespaces | CLONE_PIDFD;
    // The namespace's root is the cgroup at the moment of its making, so on v1 it comes after the joins.
    if (plan.unshare_cgroup) args.flags &= ~static_cast<std::uint64_t>(CLONE_NEWCGROUP);
    if (v2 >= 0) args.flags |= CLONE_INTO_CGROUP;
    args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd_out);
    args.exit_signal = SIGCHLD;
    args.cgroup = v2 >= 0 ? static_cast<std::uint64_t>(v2) : 0;
    long child = ::syscall(SYS_clone3, &args, sizeof args);
    if (child < 0)
      return fail(Stage::clone, "CLONE_FAILED", errno, "make the container's process",
                  errno == EPERM ? "user namespaces may be switched off: sysctl user.max_user_namespaces"
                  : errno == ENOSPC ? "a limit on namespaces is reached: sysctl user.max_*_namespaces" : "");
    if (child == 0) {
      // Held open here it would hide that the host side is gone.
      pair.first.reset();
      init::run(plan, pair.second.get());
    }
    pid = static_cast<pid_t>(child);
    pidfd = Fd(pidfd_out);
    sync = std::move(pair.first);
    return Ok{};
  }

  Status host_side() {
    Fd userns;
    if ((namespaces & CLONE_NEWUSER) != 0) {
      SECURE_TRY(userns::write_maps(pid, spec.uid_mappings, spec.gid_mappings));
      SECURE_LET(fd, userns::open(pid));
      userns = std::move(fd);
    }
    SECURE_TRY(map_sources(plan.mounts, userns.get()));
    SECURE_LET(root, root_mount(spec, options, userns.get()));
    SECURE_TRY(sync::send(sync.get(), sync::Kind::root, root.get()));
    root.reset();
    // Milliseconds on v1, while the container side mounts.
    SECURE_TRY(cgroup::join(group, pid, cgroup::v2_dir(group) >= 0));
    if (options.created) SECURE_TRY(options.created(pid));
    return sync::send(sync.get(), sync::Kind::joined);
  }
};

}  // namespace

StartError await_exec(int sync, Fd& terminal, bool executing) {
  for (;;) {
    auto message = sync::receive(sync);
    if (!message) {
      if (message.error().code == "CHANNEL_CLOSED" && executing) return {};
      return {std::move(message.error()), 125};
    }
    if (message->kind == sync::Kind::error) return {std::move(message->error), message->number};
    if (message->kind == sync::Kind::terminal) terminal = std::move(message->fd);
    if (message->kind == sync::Kind::executing) executing = true;
  }
}

std::variant<Started, StartError> start(const spec::Spec& spec, Options options) {
  Start s{spec, std::move(options), namespace_flags(spec), {}, false, {}, {}, {}, 0, {}};
  auto failed = [&](Error error, int exit_code = 125) -> StartError {
    abandon(s.pid, s.has_group ? &s.group : nullptr);
    return {std::move(error), exit_code};
  };
  if (auto ok = check(spec, s.namespaces); !ok) return failed(std::move(ok.error()));

  seccomp::Program program;
  if (spec.seccomp) {
    auto compiled = seccomp::compile(*spec.seccomp);
    if (!compiled) return failed(std::move(compiled.error()));
    program = std::move(*compiled);
  }
  const spec::Landlock* landlock = spec.secure && spec.secure->landlock ? &*spec.secure->landlock : nullptr;
  process::Prepared prepared = process::prepare(spec.process, landlock, spec.seccomp ? &program : nullptr);

  bool user = (s.namespaces & CLONE_NEWUSER) != 0;
  auto mounts = rootfs::plan_mounts(spec);
  if (!mounts) return failed(std::move(mounts.error()));
  auto devices = rootfs::plan_devices(spec, user);
  if (!devices) return failed(std::move(devices.error()));
  auto covers = rootfs::plan_covers();
  if (!covers) return failed(std::move(covers.error()));
  s.plan = init::Plan{&spec, &prepared, std::move(*mounts), std::move(*devices), std::move(*covers), nullptr, {}, s.namespaces, false, s.options.streams};

  if (auto ok = s.make_group(); !ok) return failed(std::move(ok.error()));
  s.plan.layout = &s.group.layout;
  auto cgroups = rootfs::plan_cgroups(spec, s.group);
  if (!cgroups) return failed(std::move(cgroups.error()));
  s.plan.cgroups = std::move(*cgroups);
  if (auto ok = s.clone_process(); !ok) return failed(std::move(ok.error()));
  // The container's ends of its streams: end of file must mean that the program closed them.
  if (s.options.streams != nullptr) *s.options.streams = Streams{};
  auto host = s.host_side();
  // The container side waits for what will not come; it ends when the channel does.
  if (!host) (void)::shutdown(s.sync.get(), SHUT_WR);
  auto outcome = await_exec(s.sync.get(), s.terminal);
  if (!outcome.error.code.empty()) {
    // A failure of ours echoes in the container as a closed channel.
    if (!host && outcome.error.code == "CHANNEL_CLOSED") return failed(std::move(host.error()));
    if (outcome.error.code == "CHANNEL_CLOSED") outcome.error = died_early(s.group);
    return failed(std::move(outcome.error), outcome.exit_code);
  }
  if (!host) return failed(std::move(host.error()));
  return Started{s.pid, std::move(s.pidfd), std::move(s.terminal), s.group.layout, s.group.path};
}

}  // namespace secure::container
