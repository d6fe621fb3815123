// SPDX-License-Identifier: Apache-2.0
// Run something in a forked child, so that what it gives up (capabilities, limits, its view of files) ends with it.
#pragma once

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <vector>

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

// Run `body(worker)` in `count` children at the same time; true when each ended with exit code 0.
template <typename Body>
bool all_at_once(int count, Body body) {
  std::vector<pid_t> children;
  for (int worker = 0; worker < count; worker++) {
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(body(worker));
    children.push_back(pid);
  }
  bool done = true;
  for (pid_t pid : children) {
    int status = 0;
    done = ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 && done;
  }
  return done;
}

}  // namespace check
