// SPDX-License-Identifier: Apache-2.0
// A user namespace is made by making a process in it; this one only waits to be killed.
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "userns.h"

namespace secure::userns {

Result<Fd> create(const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const pid_t parent = ::getpid();
  const long child = ::syscall(SYS_clone3, &args, sizeof args);
  if (child < 0)
    return fail(Stage::userns, "USERNS_FAILED", errno, "make a user namespace for an id mapping",
                errno == ENOSPC ? "a limit is reached: sysctl user.max_user_namespaces" : "");
  if (child == 0) {
    // Should this process be killed half-way, nothing is left.
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) ::_exit(1);
    for (;;) ::pause();
  }
  const pid_t pid = static_cast<pid_t>(child);
  auto made = [&]() -> Result<Fd> {
    SECURE_TRY(write_maps(pid, uids, gids));
    return open(pid);
  }();
  (void)::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

}  // namespace secure::userns
