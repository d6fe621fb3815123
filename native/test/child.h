// SPDX-License-Identifier: Apache-2.0
// Run something in a forked child, so that what it gives up (capabilities, limits, its view of files) ends with it.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace check {

// Exit code of `body` run in a child; 128 + n when a signal ended it.
template <typename Body>
int in_child(Body body) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace check
