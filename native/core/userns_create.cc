// SPDX-License-Identifier: Apache-2.0
// A user namespace is made by making a process in it; this one only waits to be killed.
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "userns.h"

namespace secure::userns {

Result<Waiting> Waiting::start(unsigned long flags) {
  int pidfd = -1;
  clone_args args{};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const pid_t parent = ::getpid();
  const long child = ::syscall(SYS_clone3, &args, sizeof args);
  if (child < 0)
    return fail(Stage::userns, "USERNS_FAILED", errno, "make a user namespace",
                errno == ENOSPC ? "a limit is reached: sysctl user.max_user_namespaces" : "");
  if (child == 0) {
    // Should the parent be killed half-way, nothing is left.
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) ::_exit(1);
    for (;;) ::pause();
  }
  Waiting out;
  out.pid = static_cast<pid_t>(child);
  out.pidfd = Fd(pidfd);
  return out;
}

Waiting::~Waiting() {
  if (pid <= 0) return;
  (void)::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<Fd> create(const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids) {
  SECURE_LET(process, Waiting::start(CLONE_NEWUSER));
  SECURE_TRY(write_maps(process.pid, uids, gids));
  return open(process.pid);
}

}  // namespace secure::userns
