// SPDX-License-Identifier: Apache-2.0
#include "join.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "namespaces.h"
#include "process.h"
#include "rdt.h"
#include "rootless.h"
#include "schedule.h"
#include "seccomp.h"
#include "stream_owner.h"
#include "sync.h"
#include "terminal.h"
#include "userns.h"
#include "warning.h"

namespace secure::join {

namespace {

using container::StartError;
using container::Started;

[[noreturn]] void stop(int sync, const Error& error, int exit_code = 125) {
  sync::send_error(sync, error, exit_code);
  ::_exit(exit_code);
}

// Inside every namespace of the container, root of its user namespace.
Status settle(const spec::Spec& spec, const process::Prepared& prepared, const Options& options, int sync) {
  const spec::Process& process = *prepared.process;
  if (namespaces::has(spec, CLONE_NEWUSER)) SECURE_TRY(userns::become_root(prepared.groups));
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void)::setsid();
  if (process.terminal) {
    Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail(Stage::rootfs, "PATH_REFUSED", errno, "open the container's root");
    SECURE_LET(pair, terminal::create(root.get(), process.uid));
    SECURE_TRY(terminal::resize(pair.master, process.console_size));
    SECURE_TRY(terminal::adopt(pair.peer));
    return sync::send(sync, sync::Kind::terminal, pair.master.get());
  }
  if (options.streams == nullptr) {
    stream_owner::give_to(process.uid, process.gid);
    return Ok{};
  }
  const int from[3] = {options.streams->in.get(), options.streams->out.get(), options.streams->err.get()};
  for (int i = 0; i < 3; ++i)
    if (from[i] >= 0 && ::dup2(from[i], i) < 0) return fail(Stage::process, "INTERNAL", errno, "set a standard stream");
  return Ok{};
}

// The joiner enters the namespaces; only its child is inside the pid namespace, so it makes one and ends.
// CVE-2016-9962: both stay non-dumpable, and hold no descriptor of the host but the channel and the streams.
[[noreturn]] void joiner(const spec::Spec& spec, const process::Prepared& prepared, const Options& options, const std::vector<Fd>& joins, int sync) {
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::vector<int> keep{sync, options.target_pidfd};
  if (const auto* streams = options.streams) keep.insert(keep.end(), {streams->in.get(), streams->out.get(), streams->err.get()});
  for (int i = 0; i < options.preserve; ++i) keep.push_back(3 + i);
  if (options.program >= 0) keep.push_back(options.program);
  if (prepared.agent != nullptr) keep.push_back(prepared.agent->socket());
  // Before the namespaces, so that the process inside is born in the container's cgroups.
  if (auto s = cgroup::join_self(joins); !s) stop(sync, s.error());
  if (auto s = close_all_but(keep); !s) stop(sync, s.error());
  if (auto s = process::before_joining(prepared); !s) stop(sync, s.error());
  if (spec.intel_rdt)
    if (auto s = rdt::join(*spec.intel_rdt, options.id, ::getpid()); !s) stop(sync, s.error());
  int flags = 0;
  for (const auto& ns : spec.namespaces) flags |= ns.flag;
  if (::setns(options.target_pidfd, flags) < 0)
    stop(sync, fail(Stage::process, "NAMESPACE_FAILED", errno, "join the container's namespaces"));
  ::close(options.target_pidfd);
  int pidfd_out = -1;
  clone_args args{};
  args.flags = CLONE_PARENT | CLONE_PIDFD;
  if (prepared.agent != nullptr) {
    args.flags |= CLONE_PARENT_SETTID;
    args.parent_tid = reinterpret_cast<std::uintptr_t>(prepared.agent->pid());
  }
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd_out);
  long child = ::syscall(SYS_clone3, &args, sizeof args);
  if (child < 0)
    stop(sync, fail(Stage::clone, "CLONE_FAILED", errno, "make the process in the container",
                    errno == EAGAIN ? "the container's pids limit is reached" : ""));
  if (child > 0) {
    auto sent = sync::send(sync, sync::Kind::pid, pidfd_out, static_cast<int>(child));
    ::_exit(sent ? 0 : 125);
  }
  if (process::scheduled_from_outside(prepared))
    if (auto m = sync::expect(sync, sync::Kind::joined); !m) stop(sync, m.error());
  if (auto s = settle(spec, prepared, options, sync); !s) stop(sync, s.error());
  process::Failure failure = process::become(prepared, -1, sync);
  stop(sync, failure.error, failure.exit_code);
}

Result<cgroup::Group> group_of(const Options& options) {
  if (options.cgroup_path.empty() && !options.sub_groups.empty())
    return fail(Stage::config, "CGROUP_NOT_FOUND", 0, "--cgroup names a group below the container's, which has none of its own");
  if (options.cgroup_path.empty()) return cgroup::Group{};
  SECURE_LET(layout, cgroup::detect(options.cgroup_path));
  auto group = cgroup::open(layout, options.cgroup_path);
  // Its first process has left the group it was made in, and somebody removed that.
  if (!group && group.error().code == "CGROUP_NOT_FOUND" && layout.mode == cgroup::Mode::v2) return cgroup::group_of_process(layout, options.target);
  if (!group) return group;
  for (const auto& one : options.sub_groups) SECURE_TRY(cgroup::enter_below(*group, one));
  return group;
}

// Into the group of version 2 from the start. One whose children have controllers takes no process any more (EBUSY): then, unless
// a group was asked for, where the container's first process is.
long clone_into(cgroup::Group& group, const Options& options) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  for (bool again = false;; again = true) {
    const int v2 = cgroup::v2_dir(group);
    args.flags = v2 >= 0 ? CLONE_INTO_CGROUP : 0;
    args.cgroup = v2 >= 0 ? static_cast<std::uint64_t>(v2) : 0;
    const long child = ::syscall(SYS_clone3, &args, sizeof args);
    if (child >= 0 || again || v2 < 0 || (errno != EBUSY && errno != ENODEV) || !options.sub_groups.empty()) return child;
    const int err = errno;
    auto where = cgroup::group_of_process(group.layout, options.target);
    errno = err;
    if (!where || cgroup::v2_dir(*where) < 0) return child;
    for (std::size_t i = 0; i < group.dirs.size(); ++i)
      if (group.layout.hierarchies[i].v2) group.dirs[i] = std::move(where->dirs[i]);
  }
}

Error clone_error(int err, const Options& options) {
  if (err == EBUSY)
    return fail(Stage::cgroup, "CGROUP_JOIN_FAILED", err, "adding pid 0, the new process, to cgroups " + options.cgroup_path,
                "a group of version 2 whose children have controllers takes no process: name one below it with --cgroup");
  return fail(Stage::clone, "CLONE_FAILED", err, "make the joining process");
}

pid_t reap(pid_t pid) {
  pid_t got;
  do {
    got = ::waitpid(pid, nullptr, 0);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

std::variant<Started, StartError> start(const spec::Spec& spec, const spec::Process& process, const Options& options) {
  auto failed = [](Error error, int exit_code = 125) { return StartError{std::move(error), exit_code}; };
  auto filters = seccomp::of(spec);
  if (!filters) return failed(std::move(filters.error()));
  const seccomp::Program& program = *filters;
  auto ready = process::prepare(spec, process, seccomp::empty(program) ? nullptr : &program);
  if (!ready) return failed(std::move(ready.error()));
  process::Prepared& prepared = *ready;
  prepared.joins = true;
  auto agent = seccomp_notify::Agent::attach(spec, program, options.describe);
  if (!agent) return failed(std::move(agent.error()));
  if (agent->wanted()) prepared.agent = &*agent;
  prepared.affinity = &process.exec_affinity.final;
  // Before the move to the container's cgroups (config.md#linux-process, execCPUAffinity).
  if (!process.exec_affinity.initial.empty()) {
    if (auto s = schedule::set_affinity(process.exec_affinity.initial); !s) return failed(std::move(s.error()));
    if (warning::debugging()) warning::debug("nsexec of exec: affinity: " + schedule::affinity_mask());
  }
  prepared.preserve = options.preserve;
  prepared.program = options.program;
  if (options.program >= 0) prepared.keep.push_back(options.program);
  prepared.new_keyring = options.new_keyring;
  prepared.groups = rootless::needed() ? userns::Groups::drop_if_allowed : userns::Groups::drop;
  prepared.die_with_parent = options.die_with_parent;

  auto group = group_of(options);
  if (!group) return failed(std::move(group.error()));
  auto pair = sync::channel();
  if (!pair) return failed(std::move(pair.error()));

  auto joins = cgroup::open_joins(*group, cgroup::v2_dir(*group) >= 0);
  if (!joins) return failed(std::move(joins.error()));
  const long child = clone_into(*group, options);
  if (child < 0) return failed(clone_error(errno, options));
  if (child == 0) {
    pair->first.reset();
    joiner(spec, prepared, options, *joins, pair->second.get());
  }
  pid_t intermediate = static_cast<pid_t>(child);
  if (warning::debugging())
    warning::debug("nsexec container setup: process " + std::to_string(child) + " joins the namespaces of process " + std::to_string(options.target));
  pair->second.reset();
  joins->clear();
  int sync = pair->first.get();
  auto give_up = [&](Error error, int exit_code = 125) {
    (void)::kill(intermediate, SIGKILL);
    (void)reap(intermediate);
    return failed(std::move(error), exit_code);
  };

  Started out;
  // The joiner's report and the first words of its child may come in either order.
  bool executing = false;
  for (;;) {
    auto message = sync::receive(sync);
    if (!message) return give_up(std::move(message.error()));
    if (message->kind == sync::Kind::error) return give_up(std::move(message->error), message->number);
    if (message->kind == sync::Kind::terminal) out.terminal = std::move(message->fd);
    if (message->kind == sync::Kind::executing) executing = true;
    if (message->kind != sync::Kind::pid) continue;
    out.pid = message->number;
    out.pidfd = std::move(message->fd);
    break;
  }
  (void)reap(intermediate);
  intermediate = out.pid;
  if (warning::debugging()) warning::debug("child process in init(): " + std::to_string(out.pid) + " is in the container");
  if (process::scheduled_from_outside(prepared)) {
    if (auto s = process::from_outside(prepared, out.pid); !s) return give_up(std::move(s.error()));
    if (auto s = sync::send(sync, sync::Kind::joined); !s) return give_up(std::move(s.error()));
  }
  if (options.streams != nullptr) *options.streams = container::Streams{};
  if (warning::debugging()) warning::debug(std::string("setns_init: about to exec ") + prepared.argv[0]);
  StartError outcome = container::await_exec(sync, out.terminal, executing);
  if (!outcome.error.code.empty()) {
    (void)::kill(out.pid, SIGKILL);
    (void)reap(out.pid);
    return outcome;
  }
  return out;
}

}  // namespace secure::join
