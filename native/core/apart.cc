// SPDX-License-Identifier: Apache-2.0
#include "apart.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync.h"

namespace secure::apart {

Status run(const How& how, const std::function<Status()>& work) {
  SECURE_LET(pair, sync::channel());
  const pid_t child = ::fork();
  if (child < 0) return fail(Stage::clone, "CLONE_FAILED", errno, "make " + how.name);
  if (child == 0) {
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (how.seconds > 0) {
      (void)::signal(SIGALRM, SIG_DFL);
      (void)::alarm(how.seconds);
    }
    pair.first.reset();
    auto status = work();
    if (!status) sync::send_error(pair.second.get(), status.error(), 1);
    ::_exit(status ? 0 : 1);
  }
  pair.second.reset();
  auto heard = sync::receive(pair.first.get());
  int ended = 0;
  while (::waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  if (heard && heard->kind == sync::Kind::error) return std::move(heard->error);
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return Ok{};
  return how.killed;
}

}  // namespace secure::apart
