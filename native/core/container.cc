// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "container_clone.h"
#include "hooks.h"
#include "init.h"
#include "netdevice.h"
#include "rdt.h"
#include "seccomp.h"
#include "sync.h"
#include "sysctl.h"
#include "time_namespace.h"
#include "userns.h"
#include "warning.h"

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

Status check(const spec::Spec& spec) {
  const bool user = namespaces::has(spec, CLONE_NEWUSER), new_user = (namespaces::created(spec) & CLONE_NEWUSER) != 0;
  if (!namespaces::has(spec, CLONE_NEWNS))
    return fail(Stage::config, "CONFIG_INVALID", 0, "/linux/namespaces must have a mount namespace");
  if (new_user && (spec.uid_mappings.empty() || spec.gid_mappings.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "a user namespace needs /linux/uidMappings and /linux/gidMappings");
  if (!user && (!spec.uid_mappings.empty() || !spec.gid_mappings.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "id mappings need a user namespace in /linux/namespaces");
  if (keeps_groups(spec) && !spec.process.additional_gids.empty())
    return fail(Stage::config, "CONFIG_INVALID", 0, "/process/user/additionalGids and the annotation run.oci.keep_original_groups exclude each other");
  // Without a namespace of its own it would be the host's.
  if (!namespaces::has(spec, CLONE_NEWUTS) && (!spec.hostname.empty() || !spec.domainname.empty()))
    return fail(Stage::config, "CONFIG_INVALID", 0, "unable to set the host name: /hostname and /domainname need a uts namespace in /linux/namespaces");
  return Ok{};
}

// Killed before it could execute anything: on a low limit that is the OOM killer.
Error died_early(const cgroup::Group& group) {
  auto memory = cgroup::memory_facts(group);
  if (memory.oom_kills > 0) return out_of_memory(memory);
  return fail(Stage::process, "START_DIED", 0, "the container's process was killed while it was being set up");
}

// What the other side says until `wanted`, or until it fails; a terminal that it sends is kept.
StartError hear(int sync, Fd& terminal, sync::Kind wanted) {
  for (;;) {
    auto message = sync::receive(sync);
    if (!message) return {std::move(message.error()), 125};
    if (message->kind == sync::Kind::error) return {std::move(message->error), message->number};
    if (message->kind == sync::Kind::terminal) terminal = std::move(message->fd);
    if (message->kind == wanted) return {};
  }
}

// What it has said already of its failure, else empty.
StartError said(int sync, Fd& terminal) {
  pollfd p{sync, POLLIN, 0};
  while (::poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0) {
    auto message = sync::receive(sync);
    if (!message) break;
    if (message->kind == sync::Kind::error) return {std::move(message->error), message->number};
    if (message->kind == sync::Kind::terminal) terminal = std::move(message->fd);
  }
  return {};
}

// crun's.
constexpr const char* kDelegate = "run.oci.delegate-cgroup";

struct Start {
  const spec::Spec& spec;
  Options options;
  unsigned long created = 0;  // CLONE_NEW*
  cgroup::Group group;
  bool has_group = false;
  Clone clone;
  Fd terminal, root_fd;
  init::Plan plan;
  rdt::Made rdt_made = {};
  hooks::Output hook_output = {};

  Status make_group() {
    // Limits need a group of the container's own; device rules are what every engine writes.
    if (options.no_cgroup) return cgroup::write_limits(group, spec.resources);
    std::string path = spec.cgroups_path.empty() ? options.cgroup_path : cgroup::clean_path(spec.cgroups_path);
    if (options.adopt_cgroup) path = options.cgroup_path;
    SECURE_LET(layout, cgroup::detect(path));
    SECURE_LET(made, options.adopt_cgroup ? cgroup::adopt(layout, path) : cgroup::create(layout, path));
    group = std::move(made);
    has_group = !options.adopt_cgroup;
    if (const std::string below = spec::annotation(spec, kDelegate); !below.empty()) SECURE_TRY(cgroup::check_delegate(group.layout, below));
    return cgroup::apply(group, spec.resources);
  }

  // Its cgroup namespace was made with it, and so shows the group above.
  Status delegate() {
    const std::string below = spec::annotation(spec, kDelegate);
    if (below.empty() || options.no_cgroup) return Ok{};
    return cgroup::delegate(group, below, clone.pid, {userns::to_host(spec.uid_mappings, 0).value_or(0), userns::to_host(spec.gid_mappings, 0).value_or(0)});
  }

  Status make_process() {
    Fd userns;
    for (const auto& one : plan.joined)
      if (one.flag == CLONE_NEWUSER) {
        plan.joined_user = true;
        userns = Fd(::fcntl(one.file.get(), F_DUPFD_CLOEXEC, 3));
      }
    // A user namespace that is still to be made maps the layers, so the root has to wait for it.
    if ((created & CLONE_NEWUSER) == 0) {
      SECURE_TRY(rootfs::map_sources(plan.mounts, userns.get()));
      SECURE_LET(root, rootfs::take_root(spec, options.bundle, userns.get()));
      root_fd = std::move(root);
    }
    // A process that has to be found first hears of its root when it was: it says nothing before that.
    if (!plan.joined_user) plan.root = std::move(root_fd);
    SECURE_LET(made, clone_init(plan, created, group));
    clone = std::move(made);
    return Ok{};
  }

  Status map_and_send_root() {
    SECURE_TRY(userns::write_maps(clone.pid, spec.uid_mappings, spec.gid_mappings));
    SECURE_LET(userns, userns::open(clone.pid));
    SECURE_LET(root, rootfs::take_root(spec, options.bundle, userns.get()));
    SECURE_TRY(rootfs::lock_flags(plan.mounts, root, rootfs::origin_of_root(spec, options.bundle, root), clone.pidfd.get()));
    SECURE_TRY(rootfs::map_sources(plan.mounts, userns.get()));
    SECURE_TRY(sync::send(clone.sync.get(), sync::Kind::root, root.get()));
    return rootfs::send_locked(plan.mounts, clone.sync.get());
  }

  // runtime-spec runtime.md#lifecycle, steps 3 and 4: once the environment is there, before it is pivoted into. The status is
  // "created" from the end of step 2 on.
  StartError host_hooks() {
    if (!plan.announce_built) return {};
    if (auto heard = hear(clone.sync.get(), terminal, sync::Kind::built); !heard.error.code.empty()) return heard;
    const std::string state = options.describe("created", clone.pid);
    const hooks::Setting setting{options.bundle, &hook_output};
    auto status = hooks::run(spec.hooks.prestart, "prestart", state, setting);
    if (status) status = hooks::run(spec.hooks.create_runtime, "createRuntime", state, setting);
    return status ? StartError{} : StartError{std::move(status.error()), 125};
  }

  StartError host_side() {
    auto failed = [](Status&& status) { return StartError{std::move(status.error()), 125}; };
    if ((created & CLONE_NEWUSER) != 0)
      if (auto s = map_and_send_root(); !s) return failed(std::move(s));
    if (plan.joined_user)
      if (auto s = sync::send(clone.sync.get(), sync::Kind::root, root_fd.get()); !s) return failed(std::move(s));
    plan.root.reset();
    root_fd.reset();
    if (plan.clocks_by_host) {
      if (auto heard = hear(clone.sync.get(), terminal, sync::Kind::clocks); !heard.error.code.empty()) return heard;
      if (auto s = time_namespace::set_clocks(clone.pid, spec.time_offsets); !s) return failed(std::move(s));
      if (auto s = sync::send(clone.sync.get(), sync::Kind::clocks); !s) return failed(std::move(s));
    }
    if (options.created)
      if (auto s = options.created(clone.pid); !s) return failed(std::move(s));
    if (auto s = delegate(); !s) return failed(std::move(s));
    if (auto s = process::from_outside(*plan.process, clone.pid); !s) return failed(std::move(s));
    if (auto s = netdevice::move(spec, clone.pid); !s) return failed(std::move(s));
    if (spec.intel_rdt)
      if (auto s = rdt::join(*spec.intel_rdt, options.id, clone.pid); !s) return failed(std::move(s));
    if (auto s = rootfs::map_inside(plan.mounts, clone.sync.get()); !s) return failed(std::move(s));
    if (auto error = host_hooks(); !error.error.code.empty()) return error;
    if (auto s = sync::send(clone.sync.get(), sync::Kind::joined); !s) return failed(std::move(s));
    return {};
  }
};

}  // namespace

bool keeps_groups(const spec::Spec& spec) { return spec::annotation(spec, "run.oci.keep_original_groups") == "1"; }

Error out_of_memory(const cgroup::MemoryFacts& memory) {
  return fail(Stage::process, "OUT_OF_MEMORY", 0,
              "the container ran out of memory (OOM) at its limit of " + std::to_string(memory.limit) + " bytes (peak " + std::to_string(memory.peak) + ")",
              "raise --memory (/linux/resources/memory/limit)");
}

StartError await_exec(int sync, Fd& terminal, bool executing) {
  if (!executing)
    if (auto heard = hear(sync, terminal, sync::Kind::executing); !heard.error.code.empty()) return heard;
  for (;;) {
    auto message = sync::receive(sync);
    // End of file: execve(2) has closed the other end.
    if (!message && message.error().code == "CHANNEL_CLOSED") {
      warning::debug("init: closing the pipe to signal completion: the program is executed");
      return {};
    }
    if (!message) return {std::move(message.error()), 125};
    if (message->kind == sync::Kind::error) return {std::move(message->error), message->number};
    if (message->kind == sync::Kind::terminal) terminal = std::move(message->fd);
  }
}

std::variant<Started, StartError> start(const spec::Spec& spec, Options options) {
  Start s{spec, std::move(options), namespaces::created(spec), {}, false, {}, {}, {}, {}};
  auto failed = [&](Error error, int exit_code = 125) -> StartError {
    abandon(s.clone.pid, s.has_group ? &s.group : nullptr);
    if (spec.intel_rdt) (void)rdt::remove(*spec.intel_rdt, s.options.id, s.rdt_made);
    return {std::move(error), exit_code};
  };
  if (auto ok = check(spec); !ok) return failed(std::move(ok.error()));
  if (auto ok = sysctl::check(spec); !ok) return failed(std::move(ok.error()));

  auto filters = seccomp::of(spec);
  if (!filters) return failed(std::move(filters.error()));
  const seccomp::Program& program = *filters;
  auto ready = process::prepare(spec, spec.process, seccomp::empty(program) ? nullptr : &program);
  if (!ready) return failed(std::move(ready.error()));
  process::Prepared& prepared = *ready;
  auto agent = seccomp_notify::Agent::attach(spec, program, s.options.describe ? [&](pid_t pid) { return s.options.describe("creating", pid); } : std::function<std::string(pid_t)>());
  if (!agent) return failed(std::move(agent.error()));
  if (agent->wanted()) prepared.agent = &*agent;
  prepared.preserve = s.options.preserve;
  prepared.new_keyring = s.options.new_keyring;
  prepared.die_with_parent = s.options.die_with_parent;
  prepared.gate = s.options.gate;
  prepared.groups = keeps_groups(spec) ? userns::Groups::keep : s.options.inside_userns ? userns::Groups::drop_if_allowed : userns::Groups::drop;

  auto mounts = rootfs::plan_mounts(spec, s.options.bundle);
  if (!mounts) return failed(std::move(mounts.error()));
  if ((s.created & CLONE_NEWUSER) != 0) rootfs::decide_locks(*mounts);
  if (namespaces::has(spec, CLONE_NEWUSER)) rootfs::decide_mappings(*mounts);
  auto devices = rootfs::plan_devices(spec, s.options.inside_userns || namespaces::has(spec, CLONE_NEWUSER));
  if (!devices) return failed(std::move(devices.error()));
  auto covers = rootfs::plan_covers(spec);
  if (!covers) return failed(std::move(covers.error()));
  auto joined = namespaces::open(spec);
  if (!joined) return failed(std::move(joined.error()));
  s.plan.spec = &spec;
  s.plan.process = &prepared;
  s.plan.mounts = std::move(*mounts);
  s.plan.devices = std::move(*devices);
  s.plan.covers = std::move(*covers);
  s.plan.joined = std::move(*joined);
  s.plan.namespaces = s.created;
  s.plan.streams = s.options.streams;
  s.plan.no_pivot = s.options.no_pivot;
  s.plan.describe = &s.options.describe;
  s.plan.clocks_by_host = (s.created & CLONE_NEWTIME) != 0 && !spec.time_offsets.empty() && namespaces::has(spec, CLONE_NEWUSER);
  s.plan.announce_built = !spec.hooks.prestart.empty() || !spec.hooks.create_runtime.empty();
  auto output = hooks::open_output(spec);
  if (!output) return failed(std::move(output.error()));
  s.hook_output = std::move(*output);
  s.plan.hooks = {s.options.bundle, &s.hook_output};
  prepared.keep = {s.hook_output.out.get(), s.hook_output.err.get()};
  // Hooks look for the container's mounts where the bundle has its root.
  if (!spec.secure && !s.options.no_pivot && (s.plan.announce_built || !spec.hooks.create_container.empty())) s.plan.attach_at = rootfs::root_path(spec, s.options.bundle);

  if (auto ok = s.make_group(); !ok) return failed(std::move(ok.error()));
  if (spec.intel_rdt) {
    auto made = rdt::create(*spec.intel_rdt, s.options.id);
    if (!made) return failed(std::move(made.error()));
    s.rdt_made = *made;
  }
  s.plan.layout = &s.group.layout;
  auto cgroups = rootfs::plan_cgroups(spec, s.group);
  if (!cgroups) return failed(std::move(cgroups.error()));
  s.plan.cgroups = std::move(*cgroups);
  auto joins = cgroup::open_joins(s.group, cgroup::v2_dir(s.group) >= 0);
  if (!joins) return failed(std::move(joins.error()));
  s.plan.joins = std::move(*joins);
  if (auto ok = s.make_process(); !ok) return failed(std::move(ok.error()));
  if (warning::debugging()) {
    char flags[24];
    (void)std::snprintf(flags, sizeof flags, "0x%lx", s.created);
    warning::debug(std::string("nsexec container setup: clone flags ") + flags + ", cgroup " + (s.group.path.empty() ? "of the caller" : s.group.path));
    warning::debug("child process in init(): " + std::to_string(s.clone.pid) + " builds the container");
  }
  // The container's ends of its streams: end of file must mean that the program closed them.
  if (s.options.streams != nullptr) *s.options.streams = Streams{};
  auto host = s.host_side();
  // The container side waits for what will not come; it ends when the channel does.
  if (!host.error.code.empty()) {
    // What failed here may be a consequence: who has ended hears nothing, has no namespaces to work on, and has said why.
    if (auto first = said(s.clone.sync.get(), s.terminal); !first.error.code.empty()) return failed(std::move(first.error), first.exit_code);
    const bool closed = host.error.code == "CHANNEL_CLOSED" || (host.error.code == "CHANNEL_FAILED" && (host.error.err == EPIPE || host.error.err == ECONNRESET));
    return failed(closed ? died_early(s.group) : std::move(host.error), host.exit_code);
  }
  auto outcome = s.options.gate >= 0 ? hear(s.clone.sync.get(), s.terminal, sync::Kind::ready) : await_exec(s.clone.sync.get(), s.terminal);
  if (!outcome.error.code.empty()) {
    if (outcome.error.code == "CHANNEL_CLOSED") outcome.error = died_early(s.group);
    return failed(std::move(outcome.error), outcome.exit_code);
  }
  return Started{s.clone.pid, std::move(s.clone.pidfd), std::move(s.terminal), s.group.layout, s.group.path};
}

}  // namespace secure::container
