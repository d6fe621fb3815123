// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

TEST(process_resets_the_signals_that_glibc_keeps_to_itself) {
  pid_t child = ::fork();
  if (child == 0) {
    struct {
      unsigned long handler, flags, restorer, mask;
    } ignore{1, 0, 0, 0};
    for (int sig : {32, 33, 64, SIGPIPE}) (void)::syscall(SYS_rt_sigaction, sig, &ignore, nullptr, sizeof ignore.mask);
    auto before = secure::read_file(AT_FDCWD, "/proc/self/status", 1 << 16);
    secure::process::reset_signals();
    auto after = secure::read_file(AT_FDCWD, "/proc/self/status", 1 << 16);
    bool was_ignored = before && before->find("SigIgn:\t8000000180001000") != std::string::npos;
    bool is_reset = after && after->find("SigIgn:\t0000000000000000") != std::string::npos;
    ::_exit(was_ignored && is_reset ? 0 : 1);
  }
  int status = -1;
  (void)::waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
}
