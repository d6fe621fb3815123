// SPDX-License-Identifier: Apache-2.0
#include "container_clone.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sync.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080  // <linux/sched.h>, Linux 5.6
#endif

namespace secure::container {

namespace {

struct Wanted {
  std::uint64_t flags = 0;
  int cgroup = -1;
  pid_t* pid = nullptr;  // shared with the child, so that it knows its pid here
};

// Returns twice: 0 in the child.
long clone_process(const Wanted& wanted, int* pidfd) {
  clone_args args{};
  args.flags = wanted.flags | CLONE_PIDFD;
  if (wanted.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(wanted.cgroup);
  }
  if (wanted.pid != nullptr) {
    args.flags |= CLONE_PARENT_SETTID;
    args.parent_tid = reinterpret_cast<std::uintptr_t>(wanted.pid);
  }
  args.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  // CLONE_PARENT takes the parent's.
  args.exit_signal = (wanted.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  return ::syscall(SYS_clone3, &args, sizeof args);
}

pid_t* shared_pid(const init::Plan& plan) { return plan.process->agent != nullptr ? plan.process->agent->pid() : nullptr; }

Error refused(int err) {
  return fail(Stage::clone, "CLONE_FAILED", err, "make the container's process",
              err == EPERM ? "user namespaces may be switched off: sysctl user.max_user_namespaces"
              : err == ENOSPC ? "a limit on namespaces is reached: sysctl user.max_*_namespaces"
              : err == EACCES ? "a user needs a group of the user's own above both this process and the container: start it with systemd-run --user --scope"
              : err == EAGAIN ? "a limit on processes is reached: pids.max of the cgroup, or RLIMIT_NPROC" : "");
}

// Joining a user namespace cannot be undone, so a process of its own does it and makes the container's from there.
[[noreturn]] void from_inside(init::Plan& plan, unsigned long flags, Fd sync) {
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto give_up = [&](const Error& error) {
    sync::send_error(sync.get(), error, 125);
    ::_exit(125);
  };
  if (auto s = namespaces::enter_for_good(plan.joined); !s) give_up(s.error());
  int pidfd = -1;
  long child = clone_process({flags | CLONE_PARENT, -1, shared_pid(plan)}, &pidfd);
  if (child == 0) init::run(plan, sync.release());
  if (child < 0) give_up(refused(errno));
  auto sent = sync::send(sync.get(), sync::Kind::pid, pidfd, static_cast<int>(child));
  ::_exit(sent ? 0 : 125);
}

Result<Clone> clone_from_inside(init::Plan& plan, unsigned long flags, int cgroup, std::pair<Fd, Fd> pair) {
  Clone out;
  int pidfd = -1;
  long helper = clone_process({0, cgroup, nullptr}, &pidfd);
  if (helper < 0) return refused(errno);
  if (helper == 0) {
    pair.first.reset();
    from_inside(plan, flags, std::move(pair.second));
  }
  Fd held(pidfd);
  pair.second.reset();
  // The container's process says nothing before it hears from us: the first message is the helper's.
  auto message = sync::receive(pair.first.get());
  int status = 0;
  while (::waitpid(static_cast<pid_t>(helper), &status, 0) < 0 && errno == EINTR) {
  }
  if (!message) return std::move(message.error());
  if (message->kind == sync::Kind::error) return std::move(message->error);
  if (message->kind != sync::Kind::pid) return fail(Stage::clone, "CHANNEL_FAILED", EPROTO, "unexpected message of a start");
  out.pid = message->number;
  out.pidfd = std::move(message->fd);
  out.sync = std::move(pair.first);
  return out;
}

}  // namespace

Result<Clone> clone_init(init::Plan& plan, unsigned long created, const cgroup::Group& group) {
  SECURE_LET(pair, sync::channel());
  const bool pure_v2 = group.layout.mode == cgroup::Mode::v2;
  // The namespace's root is the cgroup at the moment of its making, so on v1 it comes after the joins.
  plan.unshare_cgroup = (created & CLONE_NEWCGROUP) != 0 && !pure_v2;
  // Its clocks are set before anything enters it, so its first process makes it.
  unsigned long flags = created & ~static_cast<unsigned long>(CLONE_NEWTIME);
  if (plan.unshare_cgroup) flags &= ~static_cast<unsigned long>(CLONE_NEWCGROUP);
  const int cgroup = cgroup::v2_dir(group);
  if (plan.joined_user) return clone_from_inside(plan, flags, cgroup, std::move(pair));

  namespaces::Visit visit;
  SECURE_TRY(visit.enter(plan.joined));
  Clone out;
  int pidfd = -1;
  long child = clone_process({flags, cgroup, shared_pid(plan)}, &pidfd);
  if (child == 0) {
    // Held open here it would hide that the host side is gone.
    pair.first.reset();
    init::run(plan, pair.second.get());
  }
  const int err = errno;
  if (child < 0) return refused(err);
  out.pid = static_cast<pid_t>(child);
  out.pidfd = Fd(pidfd);
  out.sync = std::move(pair.first);
  if (auto left = visit.leave(); !left) {
    (void)::kill(out.pid, SIGKILL);
    while (::waitpid(out.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return std::move(left.error());
  }
  return out;
}

}  // namespace secure::container
